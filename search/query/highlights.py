"""Highlights: where in a document the text was found, as HTML that is safe to show."""

from collections.abc import Mapping
from typing import Any

from . import queries
from .parser import ParsedQuery
from .queries import Query
from .schema import Leaf, SearchSchema

FRAGMENT_SIZE = 150  # characters
MAX_FRAGMENTS = 5
WORDS = ".words"  # the subfield that typing errors are matched in


def highlight(schema: SearchSchema, text: ParsedQuery, *, fuzzy: bool) -> dict[str, Any]:
    """Return the highlight part of a search. `encoder=html` escapes the document's text: only the marks are HTML."""
    options = {
        "pre_tags": ["<mark>"],
        "post_tags": ["</mark>"],
        "encoder": "html",
        "highlight_query": _query(schema, text),
    }
    leaves = {name: leaf for name, leaf in schema.highlighted.items() if fuzzy or not name.endswith(WORDS)}
    return options | {"fields": {name: _fragments(leaf) for name, leaf in leaves.items()}}


def _fragments(leaf: Leaf) -> dict[str, int]:
    """Return the fragments' options; 0 fragments are the whole value."""
    is_whole = leaf.field.is_short and not leaf.nested
    return {"number_of_fragments": 0 if is_whole else MAX_FRAGMENTS, "fragment_size": FRAGMENT_SIZE}


def _query(schema: SearchSchema, text: ParsedQuery) -> Query:
    """Match the words in each field of the root: highlighting does not look into nested objects."""
    matches: list[Query] = []
    for term in text.terms:
        for name in schema.highlighted:
            if not name.endswith(WORDS):
                kind = "match_phrase" if term.is_phrase else "match"
                matches.append({kind: {name: term.text}})
            elif term.allows_fuzzy:
                matches.append(queries.similar(name, term.text, "AUTO:4,8"))
    return {"bool": {"should": matches}}


def read_highlights(schema: SearchSchema, fragments: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the fragments by the answer's fields. Of a field's subfields the first that has some counts."""
    highlights: dict[str, list[str]] = {}
    for name, leaf in schema.highlighted.items():
        if fragments.get(name):
            highlights.setdefault(leaf.name, list(fragments[name]))
    return highlights
