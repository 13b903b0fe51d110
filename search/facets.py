"""Facets: how many orders each status, currency, range of amounts and month has, whatever is chosen of the same."""

from collections.abc import Mapping
from typing import Any

from elasticsearch.dsl import A, Q, Search
from elasticsearch.dsl.query import Query

AMOUNTS = [0, 100, 500, 1_000, 5_000, 10_000]  # where the ranges begin; each ends before the next begins
MOST_VALUES = 50  # of a status or a currency
OF = {"status": "status", "currency": "currency", "amount": "total_amount", "month": "created_at"}
Bucket = Mapping[str, Any]


def add(search: Search[Any], names: tuple[str, ...], chosen: Mapping[str, Query]) -> Search[Any]:
    """Let the search count facets: each among the orders that all filters but its own let through."""
    for name in names:
        others = [query for facet, query in chosen.items() if facet != name]
        search.aggs.bucket(name, "filter", filter=Q("bool", filter=others)).bucket("values", _values(name))
    return search


def _values(name: str) -> Any:
    if name == "amount":
        return A("range", field=OF[name], ranges=_ranges())
    if name == "month":
        months = A("date_histogram", field=OF[name], calendar_interval="month", format="yyyy-MM", min_doc_count=1)
        currencies = months.bucket("currencies", "terms", field=OF["currency"], size=MOST_VALUES)
        currencies.metric("amount", "sum", field=OF["amount"])
        return months
    return A("terms", field=OF[name], size=MOST_VALUES)


def _ranges() -> list[dict[str, int]]:
    ends = [*AMOUNTS[1:], None]
    return [{"from": start} | ({"to": end} if end else {}) for start, end in zip(AMOUNTS, ends, strict=True)]


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
