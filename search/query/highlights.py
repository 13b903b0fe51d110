"""Highlights: where in an order the text was found, as HTML that is safe to show."""

from collections.abc import Mapping
from typing import Any

from . import queries
from .parser import Text
from .queries import Query

# Which field of the answer each field of the index is shown for; the first that has something counts.
SHOWN = {
    "order_number.prefix": "order_number",
    "customer_name": "customer_name",
    "customer_name.words": "customer_name",
    "note": "note",
    "note.words": "note",
    "lines.sku.prefix": "lines.sku",
    "lines.description": "lines.description",
    "lines.description.words": "lines.description",
}
WHOLE = {"order_number.prefix", "customer_name", "customer_name.words"}  # not cut into fragments
LONGEST = 150  # characters of a fragment


def highlight(text: Text, forgiving: bool) -> dict[str, Any]:
    """What shows what was found. `encoder=html`: what is in an order is text, and only our marks are HTML."""
    options = {"pre_tags": ["<mark>"], "post_tags": ["</mark>"], "encoder": "html", "highlight_query": _query(text)}
    shown = [field for field in SHOWN if forgiving or not field.endswith(".words")]
    return options | {"fields": {field: _fragments(field) for field in shown}}


def _fragments(field: str) -> dict[str, int]:
    return {"number_of_fragments": 0 if field in WHOLE else 5, "fragment_size": LONGEST}


def _query(text: Text) -> Query:
    """The text's words in each field by itself, in the order's own fields: highlighting does not look into lines."""
    ways: list[Query] = []
    for term in text.terms:
        for field in SHOWN:
            if not field.endswith(".words"):
                kind = "match_phrase" if term.is_phrase else "match"
                ways.append({kind: {field: term.text}})
            elif term.forgives:
                ways.append(queries.similar(field.removesuffix(".words"), term.text, "AUTO:4,8"))
    return {"bool": {"should": ways}}


def read(highlight: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The fragments by the answer's fields."""
    found: dict[str, list[str]] = {}
    for field, shown in SHOWN.items():
        if highlight.get(field):
            found.setdefault(shown, list(highlight[field]))
    return found
