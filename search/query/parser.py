"""The user's text, taken apart: words, "quoted phrases", and -excluded ones. Nothing else in it has a meaning."""

import re
import unicodedata
from dataclasses import dataclass

from ..exceptions import InvalidQuery

MOST_TERMS = 16  # words and phrases of one text
QUOTES = str.maketrans(dict.fromkeys("“”„‟«»\uff02", '"'))
# A word may begin with a dash that excludes it. A quote that is not closed yet is passed over.
TERM = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))|"')
LEAST_FUZZY = 4  # letters of a word in which an error is forgiven


@dataclass(frozen=True)
class Term:
    """A word, which may be the beginning of one, or a phrase."""

    text: str
    is_phrase: bool = False

    @property
    def forgives(self) -> bool:
        """Whether similar words will do: not in a number, where another digit is another number."""
        return not self.is_phrase and len(self.text) >= LEAST_FUZZY and not any(map(str.isdigit, self.text))


@dataclass(frozen=True)
class Text:
    """What a user typed, and what it asks for."""

    typed: str = ""
    terms: tuple[Term, ...] = ()
    excluded: tuple[Term, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it may be a number as a whole."""
        return bool(self.typed) and not self.excluded and not any(term.is_phrase for term in self.terms)


def parse(typed: str) -> Text:
    """Take a text apart. InvalidQuery says what cannot be searched for."""
    included: list[Term] = []
    excluded: list[Term] = []
    for found in TERM.finditer(typed.translate(QUOTES)):
        term = _term(found)
        if term and _says_something(term.text):
            (excluded if found["minus"] else included).append(term)
    if len(included) + len(excluded) > MOST_TERMS:
        raise InvalidQuery(f"more than {MOST_TERMS} words")
    return Text(typed.strip(), tuple(included), tuple(excluded))


def _term(found: re.Match[str]) -> Term | None:
    if found["phrase"] is not None:
        return Term(found["phrase"].strip(), is_phrase=True)
    if found["word"] is None:
        return None
    if found["word"][0] in "*?":
        raise InvalidQuery("a word begins with * or ?")
    return Term(found["word"])


def _says_something(text: str) -> bool:
    """Whether there is a letter, a digit or a picture in it: marks alone find nothing."""
    return any(each.isalnum() or unicodedata.category(each) == "So" for each in text)
