"""Facets: how many orders each status, currency, range of amounts and month has, whatever is chosen of the same."""

from collections.abc import Mapping
from typing import Any

from .queries import Query

AMOUNTS = [0, 100, 500, 1_000, 5_000, 10_000]  # where the ranges begin; each ends before the next begins
MOST_VALUES = 50  # of a status or a currency
OF = {"status": "status", "currency": "currency", "amount": "total_amount", "month": "created_at"}
Bucket = Mapping[str, Any]


def aggregations(names: tuple[str, ...], chosen: Mapping[str, Query]) -> dict[str, Any]:
    """What counts facets: each among the orders that all filters but its own let through."""
    return {name: counting(_others(name, chosen), VALUES[name]) for name in names}


def counting(query: Query, values: dict[str, Any]) -> dict[str, Any]:
    """What counts values among the orders that a query finds."""
    return {"filter": query, "aggs": {"values": values}}


def terms(field: str, size: int) -> dict[str, Any]:
    """The most frequent values of a field."""
    return {"terms": {"field": field, "size": size}}


def _others(name: str, chosen: Mapping[str, Query]) -> Query:
    return {"bool": {"filter": [query for facet, query in chosen.items() if facet != name]}}


def _months() -> dict[str, Any]:
    histogram = {"field": OF["month"], "calendar_interval": "month", "format": "yyyy-MM", "min_doc_count": 1}
    amounts = {"amount": {"sum": {"field": OF["amount"]}}}
    currencies = terms(OF["currency"], MOST_VALUES) | {"aggs": amounts}
    return {"date_histogram": histogram, "aggs": {"currencies": currencies}}


def _ranges() -> list[dict[str, int]]:
    ends = [*AMOUNTS[1:], None]
    return [{"from": start} | ({"to": end} if end else {}) for start, end in zip(AMOUNTS, ends, strict=True)]


VALUES: dict[str, dict[str, Any]] = {
    "status": terms(OF["status"], MOST_VALUES),
    "currency": terms(OF["currency"], MOST_VALUES),
    "amount": {"range": {"field": OF["amount"], "ranges": _ranges()}},
    "month": _months(),
}


def read(aggregations: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """The facets as they are answered."""
    return {name: [_bucket(name, bucket) for bucket in aggregations[name]["values"]["buckets"]] for name in names}


def _bucket(name: str, bucket: Bucket) -> dict[str, Any]:
    count = bucket["doc_count"]
    if name == "amount":
        return {"from": int(bucket["from"]), "to": int(bucket["to"]) if "to" in bucket else None, "count": count}
    if name == "month":
        return {"value": bucket["key_as_string"], "count": count, "amounts": _amounts(bucket["currencies"]["buckets"])}
    return {"value": bucket["key"], "count": count}


def _amounts(currencies: list[Bucket]) -> dict[str, float]:
    """What the orders of each currency come to: amounts of several cannot be added."""
    return {each["key"]: round(each["amount"]["value"], 2) for each in currencies}
