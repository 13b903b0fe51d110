"""Facets: how many results each value, range or month of a field has, ignoring the facet's own filter."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

Query = dict[str, Any]
Bucket = Mapping[str, Any]


@dataclass(frozen=True)
class Terms:
    """The most frequent values of a field. Buckets: `{"value": "paid", "count": 3}`."""

    name: str
    _: KW_ONLY
    size: int = 50

    def aggregation(self, field: str) -> Query:
        return terms(field, self.size)

    def read(self, bucket: Bucket) -> dict[str, Any]:
        return {"value": bucket["key"], "count": bucket["doc_count"]}


@dataclass(frozen=True)
class Ranges:
    """Ranges that begin at `starts`, each ending before the next. Buckets: `{"from": 0, "to": 100, "count": 3}`."""

    name: str
    starts: tuple[int, ...]
    _: KW_ONLY
    component: str = "Range"  # the bucket's name in the API's schema; name it where `help` is given
    help: str = ""

    def aggregation(self, field: str) -> Query:
        ends = [*self.starts[1:], None]
        ranges = [{"from": start} | ({"to": end} if end else {}) for start, end in zip(self.starts, ends, strict=True)]
        return {"range": {"field": field, "ranges": ranges}}

    def read(self, bucket: Bucket) -> dict[str, Any]:
        end = int(bucket["to"]) if "to" in bucket else None
        return {"from": int(bucket["from"]), "to": end, "count": bucket["doc_count"]}


@dataclass(frozen=True)
class Sums:
    """What the values of the field `of` add up to within each value of the field `by`, under `name` in the answer."""

    name: str
    of: str
    by: str
    help: str = ""

    def aggregation(self) -> Query:
        return terms(self.by, Terms.size) | {"aggs": {"sum": {"sum": {"field": self.of}}}}

    def read(self, bucket: Bucket) -> dict[str, float]:
        return {group["key"]: round(group["sum"]["value"], 2) for group in bucket["groups"]["buckets"]}


@dataclass(frozen=True)
class Months:
    """The months that have results, oldest first. Buckets: `{"value": "2026-11", "count": 3}`, and the sums."""

    name: str
    _: KW_ONLY
    sums: Sums | None = None
    component: str = "Month"  # the bucket's name in the API's schema; a second facet of months needs another
    help: str = ""

    def aggregation(self, field: str) -> Query:
        histogram = {"field": field, "calendar_interval": "month", "format": "yyyy-MM", "min_doc_count": 1}
        groups = {"aggs": {"groups": self.sums.aggregation()}} if self.sums else {}
        return {"date_histogram": histogram, **groups}

    def read(self, bucket: Bucket) -> dict[str, Any]:
        sums = {self.sums.name: self.sums.read(bucket)} if self.sums else {}
        return {"value": bucket["key_as_string"], "count": bucket["doc_count"], **sums}


Facet = Terms | Ranges | Months


@dataclass(frozen=True)
class BoundFacet:
    """A facet of a schema with its aggregation, which no request changes."""

    facet: Facet
    aggregation: Query


def aggregations(facets: Mapping[str, BoundFacet], names: tuple[str, ...], filters: Mapping[str, Query]) -> Query:
    """Return the aggregations of these facets: each counts what all filters but its own let through."""
    return {
        name: count(
            {"bool": {"filter": [query for facet, query in filters.items() if facet != name]}},
            facets[name].aggregation,
        )
        for name in names
    }


def read_facets(
    facets: Mapping[str, BoundFacet], names: tuple[str, ...], aggregations: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [facets[name].facet.read(bucket) for bucket in aggregations[name]["values"]["buckets"]] for name in names
    }


def count(query: Query, values: Query) -> Query:
    """Return an aggregation of the values, named `values`, among the documents that match the query."""
    return {"filter": query, "aggs": {"values": values}}


def terms(field: str, size: int) -> Query:
    return {"terms": {"field": field, "size": size}}
