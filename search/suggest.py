"""Suggestions: order numbers, customers and skus that begin as what has been typed."""

from typing import Any

from elasticsearch.dsl import A, Q

from search.asking import Asking
from search.corrections import correction
from search.parsing import parse

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
    lines = Q("nested", path="lines", query=sku, ignore_unmapped=True)
    search = asking.search().query(Q("bool", should=[number, customer, lines])).extra(size=0, track_total_hits=False)
    search.aggs.bucket("order_numbers", "filter", filter=number).bucket("values", _values("order_number.raw"))
    search.aggs.bucket("customers", "filter", filter=customer).bucket("values", _values("customer_name.raw"))
    nested = search.aggs.bucket("skus", "nested", path="lines")
    nested.bucket("matching", "filter", filter=sku).bucket("values", _values("lines.sku.raw"))
    found = asking.answer(search)["aggregations"]
    return {
        "order_numbers": _read(found["order_numbers"]),
        "customers": _read(found["customers"]),
        "skus": _read(found["skus"]["matching"]),
    }


def _beginning(field: str, words: str) -> Any:
    return Q({"match": {field: {"query": words, "operator": "and"}}})


def _values(field: str) -> Any:
    return A("terms", field=field, size=MOST)


def _read(bucket: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"text": each["key"], "count": each["doc_count"]} for each in bucket["values"]["buckets"]]
