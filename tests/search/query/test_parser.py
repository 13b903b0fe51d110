"""The parser: words, phrases, exclusions, and what is invalid."""

import pytest

from search.exceptions import InvalidQuery
from search.query.parser import MAX_TERMS, ParsedQuery, Term, parse

PHRASE = {"is_phrase": True}


@pytest.mark.parametrize(
    ("raw", "terms", "excluded"),
    [
        ("", [], []),
        ("  jane   doe ", [Term("jane"), Term("doe")], []),
        ("x-17", [Term("x-17")], []),
        ("-jane", [], [Term("jane")]),
        ("jane -doe", [Term("jane")], [Term("doe")]),
        ('"jane doe"', [Term("jane doe", **PHRASE)], []),
        ('-"jane doe" smith', [Term("smith")], [Term("jane doe", **PHRASE)]),
        ("„jane doe“ «at home»", [Term("jane doe", **PHRASE), Term("at home", **PHRASE)], []),
        ('"jane do', [Term("jane"), Term("do")], []),  # not closed yet
        ('jane"at home"doe', [Term("jane"), Term("at home", **PHRASE), Term("doe")], []),
        ('"" "!" - & --', [], []),
        ("a & b", [Term("a"), Term("b")], []),
        ("😀", [Term("😀")], []),
        ("what? a*b", [Term("what?"), Term("a*b")], []),
        ('"*"x"?y"', [Term("x"), Term("?y", **PHRASE)], []),
    ],
)
def test_parse(raw: str, terms: list[Term], excluded: list[Term]) -> None:
    assert parse(raw) == ParsedQuery(raw.strip(), tuple(terms), tuple(excluded))


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        ("*", "a word begins with * or ?"),
        ("jane *doe", "a word begins with * or ?"),
        ("-?x", "a word begins with * or ?"),
        ("a " * (MAX_TERMS + 1), f"more than {MAX_TERMS} words"),
        ("-a " * (MAX_TERMS + 1), f"more than {MAX_TERMS} words"),
    ],
)
def test_invalid_queries(raw: str, detail: str) -> None:
    with pytest.raises(InvalidQuery) as error:
        parse(raw)
    assert str(error.value) == f"{InvalidQuery.__doc__} ({detail})"


@pytest.mark.parametrize(
    ("term", "allows_fuzzy"),
    [
        (Term("jane"), True),
        (Term("doe"), False),
        (Term("ord-1001"), False),
        (Term("٣٤٥٦"), False),
        (Term("jane doe", **PHRASE), False),
    ],
)
def test_which_terms_allow_typing_errors(term: Term, allows_fuzzy: bool) -> None:
    assert term.allows_fuzzy is allows_fuzzy
