"""The parameters and answers of the order search; all but the search status follow from the table in fields.py."""

from typing import Any

from rest_framework import serializers

from order_search.fields import ORDERS
from search.query.params import ExportParams, SearchParams, SuggestParams
from search.query.serializers import answer_serializer, hit_serializer, suggest_serializer

__all__ = [
    "HighlightedOrder",
    "OrderExportParams",
    "OrderSearchParams",
    "SearchAnswer",
    "SearchStatusAnswer",
    "SuggestAnswer",
    "SuggestParams",
]

HighlightedOrder = hit_serializer(ORDERS)
SearchAnswer = answer_serializer(ORDERS)
SuggestAnswer = suggest_serializer(ORDERS)


class OrderSearchParams(SearchParams):
    """The query parameters of GET /orders/search."""

    schema = ORDERS


class OrderExportParams(ExportParams):
    """The query parameters of GET /orders/search/export."""

    schema = ORDERS


class IndexedCopy(serializers.Serializer[Any]):
    """The version of an order in one index."""

    name = serializers.CharField()
    state = serializers.CharField()
    version = serializers.IntegerField(allow_null=True, help_text="null: the index does not have it.")
    error = serializers.CharField(help_text="Why the version is not known.")


class OutboxEntry(serializers.Serializer[Any]):
    """An order's entry in the outbox."""

    version = serializers.IntegerField()
    deleted = serializers.BooleanField()
    state = serializers.CharField()
    first_changed_at = serializers.DateTimeField()
    retry_at = serializers.DateTimeField()
    attempts = serializers.IntegerField()
    last_error = serializers.CharField()


class SearchStatusAnswer(serializers.Serializer[Any]):
    """Whether every index has the current version of an order."""

    key = serializers.CharField()
    status = serializers.ChoiceField(choices=["indexed", "pending", "settling", "dead", "stale", "absent", "unknown"])
    version = serializers.IntegerField(allow_null=True)
    entry = OutboxEntry(allow_null=True)
    indices = IndexedCopy(many=True)
