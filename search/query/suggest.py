"""Suggestions: values of the index that begin with what has been typed."""

from typing import Any

from . import facets
from .client import DeadlineClient
from .did_you_mean import did_you_mean
from .facets import Query
from .parser import parse
from .schema import SearchSchema, Suggestions

MAX_SUGGESTIONS = 5  # of each group


def suggest(schema: SearchSchema, q: str, client: DeadlineClient | None = None) -> dict[str, Any]:
    """Return the most frequent values of each group of suggestions, and `did_you_mean` when there are none."""
    text = parse(q)
    client = client or DeadlineClient(schema.alias)
    words = " ".join(term.text for term in text.terms)
    if words and schema.suggestions:
        groups = _suggest(schema, words, client)
    else:
        groups = {group.name: [] for group in schema.suggestions}
    correction = None if any(groups.values()) else did_you_mean(schema, text, 0, client)
    return groups | {"did_you_mean": correction}


def _suggest(schema: SearchSchema, words: str, client: DeadlineClient) -> dict[str, list[dict[str, Any]]]:
    matches: list[Query] = []
    counts: Query = {}
    for group in schema.suggestions:
        match: Query = {"match": {group.field: {"query": words, "operator": "and"}}}
        values = facets.count(match, facets.terms(group.raw, MAX_SUGGESTIONS))
        if group.nested:
            matches.append({"nested": {"path": group.nested, "query": match, "ignore_unmapped": True}})
            counts[group.name] = {"nested": {"path": group.nested}, "aggs": {"matching": values}}
        else:
            matches.append(match)
            counts[group.name] = values
    body = {"query": {"bool": {"should": matches}}, "size": 0, "track_total_hits": False, "aggs": counts}
    aggregations = client.search(body)["aggregations"]
    return {group.name: _read(group, aggregations[group.name]) for group in schema.suggestions}


def _read(group: Suggestions, aggregation: dict[str, Any]) -> list[dict[str, Any]]:
    values = (aggregation["matching"] if group.nested else aggregation)["values"]
    return [{"text": bucket["key"], "count": bucket["doc_count"]} for bucket in values["buckets"]]
