"""What a text is taken for."""

import pytest

from search.exceptions import InvalidQuery
from search.query.parser import MOST_TERMS, Term, Text, parse

PHRASE = {"is_phrase": True}


@pytest.mark.parametrize(
    ("typed", "terms", "excluded"),
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
def test_what_a_text_is_taken_for(typed: str, terms: list[Term], excluded: list[Term]) -> None:
    assert parse(typed) == Text(typed.strip(), tuple(terms), tuple(excluded))


@pytest.mark.parametrize(
    ("typed", "detail"),
    [
        ("*", "a word begins with * or ?"),
        ("jane *doe", "a word begins with * or ?"),
        ("-?x", "a word begins with * or ?"),
        ("a " * (MOST_TERMS + 1), f"more than {MOST_TERMS} words"),
        ("-a " * (MOST_TERMS + 1), f"more than {MOST_TERMS} words"),
    ],
)
def test_what_is_refused(typed: str, detail: str) -> None:
    with pytest.raises(InvalidQuery) as error:
        parse(typed)
    assert str(error.value) == f"{InvalidQuery.__doc__} ({detail})"


@pytest.mark.parametrize(
    ("term", "forgives"),
    [
        (Term("jane"), True),
        (Term("doe"), False),
        (Term("ord-1001"), False),
        (Term("٣٤٥٦"), False),
        (Term("jane doe", **PHRASE), False),
    ],
)
def test_where_an_error_is_forgiven(term: Term, forgives: bool) -> None:
    assert term.forgives is forgives
