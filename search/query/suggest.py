"""Suggestions: order numbers, customers and skus that begin as what has been typed."""

from typing import Any

from .client import Asking
from .did_you_mean import correction
from .facets import counting, terms
from .parser import parse
from .queries import Query

MOST = 5  # of each kind


def suggest(typed: str, asking: Asking | None = None) -> dict[str, Any]:
    """The most frequent ones of each kind; when there is none, what may have been meant."""
    text = parse(typed)
    asking = asking or Asking()
    words = " ".join(term.text for term in text.terms)
    kinds = _kinds(words, asking) if words else {"order_numbers": [], "customers": [], "skus": []}
    meant = None if any(kinds.values()) else correction(text, 0, asking)
    return kinds | {"did_you_mean": meant}


def _kinds(words: str, asking: Asking) -> dict[str, list[dict[str, Any]]]:
    number, customer, sku = (
        _beginning(field, words) for field in ("order_number.prefix", "customer_name", "lines.sku.prefix")
    )
    lines = {"nested": {"path": "lines", "query": sku, "ignore_unmapped": True}}
    matching = counting(sku, terms("lines.sku.raw", MOST))
    counts = {
        "order_numbers": counting(number, terms("order_number.raw", MOST)),
        "customers": counting(customer, terms("customer_name.raw", MOST)),
        "skus": {"nested": {"path": "lines"}, "aggs": {"matching": matching}},
    }
    query = {"bool": {"should": [number, customer, lines]}}
    found = asking.answer({"query": query, "size": 0, "track_total_hits": False, "aggs": counts})["aggregations"]
    return {
        "order_numbers": _read(found["order_numbers"]),
        "customers": _read(found["customers"]),
        "skus": _read(found["skus"]["matching"]),
    }


def _beginning(field: str, words: str) -> Query:
    return {"match": {field: {"query": words, "operator": "and"}}}


def _read(bucket: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"text": each["key"], "count": each["doc_count"]} for each in bucket["values"]["buckets"]]
