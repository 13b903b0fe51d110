"""What a text asks of the index. Each function builds a query; nothing here sends it.

Matches have fixed weights instead of computed scores, so that the order of a result can be explained: what was typed
whole beats what was only begun, a number beats a name, a name beats a line, and a line beats a note. Equal ones come
newest first. No text becomes query syntax: it is only ever a value to match.
"""

from collections.abc import Iterable
from typing import Any

from elasticsearch.dsl import Q
from elasticsearch.dsl.query import Query

from search.parsing import Term, Text

NAME, NOTE, NUMBER = "customer_name", "note", "order_number"
SKU, DESCRIPTION = "lines.sku", "lines.description"
WORDS = {NAME: 10.0, DESCRIPTION: 4.0, NOTE: 3.0}  # a word as it is typed
BEGINNINGS = {NAME: 5.0, DESCRIPTION: 2.0, NOTE: 1.5}  # a word that begins so
NUMBERS = {NUMBER: 100.0, SKU: 20.0}  # a whole number
NUMBER_BEGINNINGS = {NUMBER: 12.0, SKU: 6.0}
SIMILAR = {NAME: 1.0, DESCRIPTION: 0.5, NOTE: 0.25}  # with up to two errors; twice that with one
THE_NUMBER, THE_NAME, IN_ORDER = 1000.0, 30.0, 5.0  # on top, when the whole text is it
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
        return Q("match_all")
    excluded = [_excluded(term) for term in text.excluded]
    if not text.terms:
        return Q("bool", must_not=excluded) if excluded else Q("match_none")
    every = Q("bool", must=[_term(term, forgiving) for term in text.terms])
    # A number may have spaces in it, and then no word of it is a beginning of it.
    ways = [every, _numbers_beginning(NUMBER, text.typed, NUMBER_BEGINNINGS[NUMBER])] if text.is_plain else [every]
    return Q("bool", must=[Q("dis_max", queries=ways)], should=_as_a_whole(text), must_not=excluded)


def _as_a_whole(text: Text) -> list[Query]:
    """What makes an order the one that was meant."""
    if not text.is_plain:
        return []
    name = _match(f"{NAME}.words", text.typed, "match_phrase")
    return [
        _weighted(_equal(NUMBER, text.typed), THE_NUMBER),
        _weighted(_equal(f"{NAME}.keyword", text.typed), THE_NAME),
        *([_weighted(name, IN_ORDER)] if len(text.terms) > 1 else []),
    ]


def _term(term: Term, forgiving: bool) -> Query:
    """Where one word or phrase may stand; the weightiest place counts."""
    ways = [*_phrase(term.text)] if term.is_phrase else [*_word(term.text)]
    if forgiving and term.forgives:
        ways += _similar(term.text)
    return Q("dis_max", queries=ways)


def _word(word: str) -> Iterable[Query]:
    for field, weight in NUMBERS.items():
        yield _weighted(_equal(field, word), weight)
    for field, weight in NUMBER_BEGINNINGS.items():
        yield _numbers_beginning(field, word, weight)
    for field, weight in WORDS.items():
        yield _weighted(_match(f"{field}.words", word), weight)
    for field, weight in BEGINNINGS.items():
        yield _weighted(_match(field, word), weight)


def _phrase(phrase: str) -> Iterable[Query]:
    for field, weight in NUMBERS.items():
        yield _weighted(_equal(field, phrase), weight)
    for field, weight in WORDS.items():
        yield _weighted(_match(f"{field}.words", phrase, "match_phrase"), weight)


def _similar(word: str) -> Iterable[Query]:
    for field, weight in SIMILAR.items():
        yield _weighted(similar(field, word, 1), 2 * weight)
        yield _weighted(similar(field, word, "AUTO:4,8"), weight)


def similar(field: str, word: str, errors: int | str) -> Query:
    """A word with errors in it, its first letter right."""
    return _match(f"{field}.words", word, fuzziness=errors, prefix_length=1, max_expansions=MOST_SIMILAR)


def _excluded(term: Term) -> Query:
    """An order that has this very word, phrase or number: a beginning excludes nothing."""
    return Q("bool", should=[*_phrase(term.text)], minimum_should_match=1)


def _numbers_beginning(field: str, text: str, weight: float) -> Query:
    return _weighted(_match(f"{field}.prefix", text), weight)


def _equal(field: str, text: str) -> Query:
    return Q({"term": {field: {"value": text}}})


def _match(field: str, text: str, kind: str = "match", **options: Any) -> Query:
    """All terms that the text is made into, in one field."""
    operator = {"operator": "and"} if kind == "match" else {}
    return Q({kind: {field: {"query": text, **operator, **options}}})


def _weighted(query: Query, weight: float) -> Query:
    """The query with a fixed score, in the line where its field is one of a line."""
    field = next(iter(next(iter(query.to_dict().values()))))
    weighted = Q("constant_score", filter=query, boost=weight)
    return in_a_line(weighted) if field.startswith(f"{PATH}.") else weighted


def in_a_line(query: Query) -> Query:
    """Orders one of whose lines is so. An index of an older mapping has none."""
    return Q("nested", path=PATH, query=query, score_mode="max", ignore_unmapped=True)
