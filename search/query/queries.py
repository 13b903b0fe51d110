"""What a text asks of the index. Each function builds a query; nothing here sends it.

Matches have fixed weights instead of computed scores, so that the order of a result can be explained: what was typed
whole beats what was only begun, a number beats a name, a name beats a line, and a line beats a note. Equal ones come
newest first. No text becomes query syntax: it is only ever a value to match.

Queries are dicts as the engine takes them. A search has some 70: as objects of elasticsearch.dsl they took 0.83 ms of
processor to make, as dicts they take 0.04.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .parser import Term, Text

Query = dict[str, Any]
NAME, NOTE, NUMBER = "customer_name", "note", "order_number"
SKU, DESCRIPTION = "lines.sku", "lines.description"
WORDS = {NAME: 10.0, DESCRIPTION: 4.0, NOTE: 3.0}  # a word as it is typed
BEGINNINGS = {NAME: 5.0, DESCRIPTION: 2.0, NOTE: 1.5}  # a word that begins so
NUMBERS = {NUMBER: 100.0, f"{NUMBER}.compact": 90.0, f"{SKU}.compact": 20.0}  # a whole number, or all but its dashes
NUMBER_BEGINNINGS = {NUMBER: 12.0, SKU: 6.0}
SIMILAR = {NAME: 1.0, DESCRIPTION: 0.5, NOTE: 0.25}  # with up to two errors; twice that with one
WHOLE = {NUMBER: 1000.0, f"{NUMBER}.compact": 900.0, f"{NAME}.keyword": 30.0}  # on top, when the whole text is it
IN_ORDER = 5.0  # on top, when the words stand together in the name
MOST_SIMILAR = 30  # terms of the index that one misspelt word is taken for
PATH = "lines"


def strictly(text: Text) -> Query:
    """Orders that have every word, or a word that begins so, anywhere; and no excluded one."""
    return _orders(text, forgiving=False)


def forgivingly(text: Text) -> Query:
    """As strictly, but words of four letters and more may have an error, longer ones two."""
    return _orders(text, forgiving=True)


def _orders(text: Text, forgiving: bool) -> Query:
    if not text.typed:
        return {"match_all": {}}
    excluded = [_best(_phrase(term.text)) for term in text.excluded]  # a beginning excludes nothing
    if not text.terms:
        return {"bool": {"must_not": excluded}} if excluded else {"match_none": {}}
    ways: list[Query] = [{"bool": {"must": [_best(_term(term, forgiving)) for term in text.terms]}}]
    if text.is_plain:  # a number may have spaces in it, and then no word of it is a beginning of it
        ways.append(_match(f"{NUMBER}.prefix", text.typed, NUMBER_BEGINNINGS[NUMBER]).query)
    return {"bool": {"must": [_best_of(ways)], "should": _as_a_whole(text), "must_not": excluded}}


def _as_a_whole(text: Text) -> list[Query]:
    """What makes an order the one that was meant."""
    if not text.is_plain:
        return []
    whole = [_equal(field, text.typed, weight).query for field, weight in WHOLE.items()]
    in_order = _match(f"{NAME}.words", text.typed, IN_ORDER, kind="match_phrase").query
    return [*whole, in_order] if len(text.terms) > 1 else whole


class Way(NamedTuple):
    """One field in which something may be found."""

    field: str
    query: Query


def _best(ways: Iterable[Way]) -> Query:
    """Orders for which one of the ways holds; the weightiest counts."""
    ways = [*ways]
    lines = [way.query for way in ways if way.field.startswith(f"{PATH}.")]
    own = [way.query for way in ways if not way.field.startswith(f"{PATH}.")]
    return _best_of([*own, in_a_line(_best_of(lines))])


def _best_of(queries: list[Query]) -> Query:
    return {"dis_max": {"queries": queries}}


def _term(term: Term, forgiving: bool) -> Iterator[Way]:
    """Where a word or phrase may stand."""
    yield from _phrase(term.text) if term.is_phrase else _word(term.text)
    if forgiving and term.forgives:
        yield from _similar(term.text)


def _word(word: str) -> Iterator[Way]:
    for field, weight in NUMBERS.items():
        yield _equal(field, word, weight)
    for field, weight in NUMBER_BEGINNINGS.items():
        yield _match(f"{field}.prefix", word, weight)
    for field, weight in WORDS.items():
        yield _match(f"{field}.words", word, weight)
    for field, weight in BEGINNINGS.items():
        yield _match(field, word, weight)


def _phrase(phrase: str) -> Iterator[Way]:
    for field, weight in NUMBERS.items():
        yield _equal(field, phrase, weight)
    for field, weight in WORDS.items():
        yield _match(f"{field}.words", phrase, weight, kind="match_phrase")


def _similar(word: str) -> Iterator[Way]:
    for field, weight in SIMILAR.items():
        yield Way(field, _weighted(similar(field, word, 1), 2 * weight))
        yield Way(field, _weighted(similar(field, word, "AUTO:4,8"), weight))


def similar(field: str, word: str, errors: int | str) -> Query:
    """A word with errors in it, its first letter right."""
    options = {"fuzziness": errors, "prefix_length": 1, "max_expansions": MOST_SIMILAR}
    return {"match": {f"{field}.words": {"query": word, "operator": "and", **options}}}


def _equal(field: str, text: str, weight: float) -> Way:
    """The whole field."""
    return Way(field, _weighted({"term": {field: {"value": text}}}, weight))


def _match(field: str, text: str, weight: float, kind: str = "match") -> Way:
    """All terms that the text is made into, in one field."""
    operator = {"operator": "and"} if kind == "match" else {}
    return Way(field, _weighted({kind: {field: {"query": text, **operator}}}, weight))


def _weighted(query: Query, weight: float) -> Query:
    """The query with a fixed score."""
    return {"constant_score": {"filter": query, "boost": weight}}


def in_a_line(query: Query) -> Query:
    """Orders one of whose lines is so. An index of an older mapping has none."""
    return {"nested": {"path": PATH, "query": query, "score_mode": "max", "ignore_unmapped": True}}
