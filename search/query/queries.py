"""The queries of a text and of filters. Each function builds a query; none sends it.

Matches have fixed weights (the schema's) instead of computed scores, so that the order of a result can be explained.
No text becomes query syntax: it is only ever a value to match.

Queries are dicts as the engine takes them. A search has about 70: as objects of elasticsearch.dsl they took 0.83 ms of
processor time to build, as dicts they take 0.04.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .fields import AnyOf, Equals
from .parser import ParsedQuery, Term
from .request import SearchRequest
from .schema import BoundFilter, Clause, SearchSchema

Query = dict[str, Any]
MAX_EXPANSIONS = 30  # terms of the index that one misspelt word may match


class FieldQuery(NamedTuple):
    """A query of one field; `nested` is the path of the nested field around it, or empty."""

    nested: str
    query: Query


def build_query(schema: SearchSchema, text: ParsedQuery, *, fuzzy: bool = False) -> Query:
    """Match documents that have every word, or a word that begins with it, anywhere, and no excluded one.

    With `fuzzy` words of four letters and more may have an error, longer ones two.
    """
    if not text.raw:
        return {"match_all": {}}
    excluded = [_best_field(_phrase(schema, term.text)) for term in text.excluded]  # a beginning excludes nothing
    if not text.terms:
        return {"bool": {"must_not": excluded}} if excluded else {"match_none": {}}
    matches: list[Query] = [{"bool": {"must": [_best_field(_term(schema, term, fuzzy)) for term in text.terms]}}]
    if text.is_plain:  # a code may have spaces in it, and then none of its words is its beginning
        matches += [_match(clause, text.raw).query for clause in schema.whole_prefixes]
    return {"bool": {"must": [dis_max(matches)], "should": _whole_text(schema, text), "must_not": excluded}}


def _whole_text(schema: SearchSchema, text: ParsedQuery) -> list[Query]:
    """Boost documents that have the whole text as a value."""
    if not text.is_plain:
        return []
    whole = [_equals(clause, text.raw).query for clause in schema.whole]
    phrases = [_match(clause, text.raw, "match_phrase").query for clause in schema.phrases]
    return [*whole, *phrases] if len(text.terms) > 1 else whole


def _best_field(queries: Iterable[FieldQuery]) -> Query:
    own: list[Query] = []
    nested: dict[str, list[Query]] = {}
    for path, query in queries:
        (nested.setdefault(path, []) if path else own).append(query)
    return dis_max([*own, *(nested_query(path, dis_max(rows)) for path, rows in nested.items())])


def _term(schema: SearchSchema, term: Term, fuzzy: bool) -> Iterator[FieldQuery]:
    yield from _phrase(schema, term.text) if term.is_phrase else _word(schema, term.text)
    if fuzzy and term.allows_fuzzy:
        yield from _similar(schema, term.text)


def _word(schema: SearchSchema, word: str) -> Iterator[FieldQuery]:
    for clause in schema.exact:
        yield _equals(clause, word)
    for clauses in (schema.prefixes, schema.words, schema.beginnings):
        for clause in clauses:
            yield _match(clause, word)


def _phrase(schema: SearchSchema, phrase: str) -> Iterator[FieldQuery]:
    for clause in schema.exact:
        yield _equals(clause, phrase)
    for clause in schema.words:
        yield _match(clause, phrase, "match_phrase")


def _similar(schema: SearchSchema, word: str) -> Iterator[FieldQuery]:
    for field, weight, nested in schema.fuzzy:
        yield FieldQuery(nested, _constant_score(similar(field, word, 1), 2 * weight))
        yield FieldQuery(nested, _constant_score(similar(field, word, "AUTO:4,8"), weight))


def similar(field: str, word: str, fuzziness: int | str) -> Query:
    options = {"fuzziness": fuzziness, "prefix_length": 1, "max_expansions": MAX_EXPANSIONS}
    return {"match": {field: {"query": word, "operator": "and", **options}}}


def _equals(clause: Clause, text: str) -> FieldQuery:
    query = {"term": {clause.field: {"value": text}}}
    return FieldQuery(clause.nested, _constant_score(query, clause.weight))


def _match(clause: Clause, text: str, kind: str = "match") -> FieldQuery:
    operator = {"operator": "and"} if kind == "match" else {}
    query = {kind: {clause.field: {"query": text, **operator}}}
    return FieldQuery(clause.nested, _constant_score(query, clause.weight))


def _constant_score(query: Query, weight: float) -> Query:
    return {"constant_score": {"filter": query, "boost": weight}}


def dis_max(queries: list[Query]) -> Query:
    return {"dis_max": {"queries": queries}}


def nested_query(path: str, query: Query) -> Query:
    """Match documents of whose nested objects one matches. An index of an older mapping has none."""
    return {"nested": {"path": path, "query": query, "score_mode": "max", "ignore_unmapped": True}}


def facet_filters(request: SearchRequest) -> dict[str, Query]:
    """Return the filters of fields that have a facet, by the facet's name."""
    return {bound.facet: query for bound, query in _filters(request) if bound.facet}


def other_filters(request: SearchRequest) -> list[Query]:
    return [query for bound, query in _filters(request) if not bound.facet]


def _filters(request: SearchRequest) -> Iterator[tuple[BoundFilter, Query]]:
    for bound in request.schema.filters:
        if query := _filter(bound, request):
            yield bound, nested_query(bound.leaf.nested, query) if bound.leaf.nested else query


def _filter(bound: BoundFilter, request: SearchRequest) -> Query | None:
    values: list[Any] = [request.filters.get(param) for param in bound.filter.params]
    if all(value is None for value in values):
        return None
    if isinstance(bound.filter, AnyOf):
        return {"terms": {bound.field: [*values[0]]}}
    if isinstance(bound.filter, Equals):
        return {"term": {bound.field: {"value": values[0]}}}
    # The upper bound of a date or time is exclusive: a date has become the start of the next day.
    names = ("gte", "lt" if hasattr(values[1], "isoformat") else "lte")
    return {
        "range": {
            bound.field: {name: _bound(value) for name, value in zip(names, values, strict=True) if value is not None}
        }
    }


def _bound(value: Any) -> Any:
    """Return a date or time as text, and a number as the double that the index has."""
    return value.isoformat() if hasattr(value, "isoformat") else float(value)
