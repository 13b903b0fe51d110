"""The parser of a user's text: words, "quoted phrases", and -excluded ones. Nothing else in it has a meaning."""

import re
import unicodedata
from dataclasses import dataclass

from ..exceptions import InvalidQuery

MAX_TERMS = 16  # words and phrases of one text
QUOTES = str.maketrans(dict.fromkeys("“”„‟«»\uff02", '"'))
# A dash before a word excludes it. A quote that is not closed yet is skipped.
TERM = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))|"')
MIN_FUZZY_LENGTH = 4  # letters of a word that may have a typing error


@dataclass(frozen=True)
class Term:
    """A word, which may be the beginning of one, or a phrase."""

    text: str
    is_phrase: bool = False

    @property
    def allows_fuzzy(self) -> bool:
        """Whether similar words match too: not for a number, where another digit is another number."""
        return not self.is_phrase and len(self.text) >= MIN_FUZZY_LENGTH and not any(map(str.isdigit, self.text))


@dataclass(frozen=True)
class ParsedQuery:
    """A user's text and its terms."""

    raw: str = ""
    terms: tuple[Term, ...] = ()
    excluded: tuple[Term, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the whole text may be one value, such as a number with spaces in it."""
        return bool(self.raw) and not self.excluded and not any(term.is_phrase for term in self.terms)


def parse(raw: str) -> ParsedQuery:
    """Parse a text. Raise InvalidQuery, which names the reason."""
    included: list[Term] = []
    excluded: list[Term] = []
    for match in TERM.finditer(raw.translate(QUOTES)):
        term = _term(match)
        if term and _is_searchable(term.text):
            (excluded if match["minus"] else included).append(term)
    if len(included) + len(excluded) > MAX_TERMS:
        raise InvalidQuery(f"more than {MAX_TERMS} words")
    return ParsedQuery(raw.strip(), tuple(included), tuple(excluded))


def _term(match: re.Match[str]) -> Term | None:
    if match["phrase"] is not None:
        return Term(match["phrase"].strip(), is_phrase=True)
    if match["word"] is None:
        return None
    if match["word"][0] in "*?":
        raise InvalidQuery("a word begins with * or ?")
    return Term(match["word"])


def _is_searchable(text: str) -> bool:
    """Whether it has a letter, a digit or a picture: punctuation alone matches nothing."""
    return any(char.isalnum() or unicodedata.category(char) == "So" for char in text)
