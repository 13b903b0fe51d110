"""What the search views tell the API's description beyond their serializers: headers, examples, statuses."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers

from order_search.serializers import (
    ExportParameters,
    HighlightedOrder,
    SearchAnswer,
    SearchParameters,
    SuggestAnswer,
    SuggestParameters,
)
from orders.openapi import ErrorResponseSerializer, error_response
from search.query.params import CodesField, FacetsField, MomentField
from search.query.request import FACETS

FRESH = OpenApiParameter(
    "X-Search-Fresh",
    location=OpenApiParameter.HEADER,
    response=[200, 410, 503],
    description="With `fresh=true`: `yes`, or `no; pending=3` where what waits could not be brought in in time.",
)
RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    int,
    location=OpenApiParameter.HEADER,
    response=[503],
    required=True,
    description="Seconds after which to try again.",
)
WRONG = error_response(
    "A parameter is wrong; every error is named.", "invalid", "There is no such parameter.", "statsu"
)
GONE = error_response(
    "The cursor is too old.",
    "cursor_expired",
    "The cursor has expired. Start again without it.",
    "cursor",
    "client_error",
)
DOWN = error_response(
    "The engine does not answer, or not in time.",
    "search_unavailable",
    "Search does not answer now. Orders are still taken, and will be found when it is back.",
    error_type="server_error",
)
FOUND = {
    "count": 1,
    "next": None,
    "previous": None,
    "did_you_mean": None,
    "facets": {
        "status": [{"value": "placed", "count": 1}],
        "month": [{"value": "2026-11", "count": 1, "amounts": {"EUR": 12.56}}],
    },
    "results": [
        {
            "id": 3,
            "order_number": "order00003",
            "customer_name": "Jane Doe",
            "total_amount": "12.56",
            "currency": "EUR",
            "status": "placed",
            "note": "",
            "lines": [],
            "created_at": "2026-11-24T16:00:08.700618Z",
            "updated_at": "2026-11-24T16:00:08.766499Z",
            "version": 1795536008767000,
            "highlight": {"customer_name": ["<mark>Jane</mark> Doe"]},
        }
    ],
}
SUGGESTED = {
    "order_numbers": [],
    "customers": [{"text": "Jane Doe", "count": 1}],
    "skus": [],
    "did_you_mean": None,
}


class Held(serializers.Serializer[Any]):
    """What one index holds of an order."""

    name = serializers.CharField()
    state = serializers.CharField()
    version = serializers.IntegerField(allow_null=True, help_text="null: it is not there.")
    error = serializers.CharField(help_text="Why that is not known.")


class Waiting(serializers.Serializer[Any]):
    """An order's entry in the outbox."""

    version = serializers.IntegerField()
    deleted = serializers.BooleanField()
    state = serializers.CharField()
    first_changed_at = serializers.DateTimeField()
    retry_at = serializers.DateTimeField()
    attempts = serializers.IntegerField()
    last_error = serializers.CharField()


class SearchStatusAnswer(serializers.Serializer[Any]):
    """Where one order stands in search."""

    key = serializers.CharField()
    status = serializers.ChoiceField(choices=["indexed", "pending", "settling", "dead", "stale", "absent", "unknown"])
    version = serializers.IntegerField(allow_null=True)
    entry = Waiting(allow_null=True)
    indices = Held(many=True)


class FoundSchema(OpenApiSerializerExtension):
    """A found order has the fields that were asked for."""

    target_class = HighlightedOrder

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        found = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        found.pop("required", None)
        return found


class CodesSchema(OpenApiSerializerFieldExtension):
    """Codes that no list names."""

    target_class = CodesField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "pattern": "^[A-Za-z]{3}$"}}


class FacetsSchema(OpenApiSerializerFieldExtension):
    """Names, or one word for all or none of them."""

    target_class = FacetsField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        names = {"type": "array", "items": {"type": "string", "enum": [*FACETS]}}
        return {"anyOf": [names, {"type": "string", "enum": ["true", "false"]}]}


class MomentSchema(OpenApiSerializerFieldExtension):
    """A day or a moment."""

    target_class = MomentField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "format": name} for name in ("date", "date-time")]}


def _get(operation: str, summary: str, **more: Any) -> Any:
    return extend_schema_view(get=extend_schema(operation_id=operation, summary=summary, **more))


search = _get(
    "search_orders",
    "Search orders",
    parameters=[SearchParameters, FRESH, RETRY_AFTER],
    responses={
        200: OpenApiResponse(SearchAnswer, "A page of the result.", [OpenApiExample("Found", FOUND)]),
        400: WRONG,
        410: GONE,
        503: DOWN,
    },
)
export = _get(
    "export_orders",
    "Export the whole result of a search",
    parameters=[ExportParameters, FRESH, RETRY_AFTER],
    responses={
        (200, "text/csv"): OpenApiTypes.STR,
        (200, "application/x-ndjson"): OpenApiTypes.STR,
        400: WRONG,
        503: DOWN,
    },
)
suggest = _get(
    "suggest",
    "Suggest what begins so",
    parameters=[SuggestParameters, RETRY_AFTER],
    responses={
        200: OpenApiResponse(SuggestAnswer, "Suggestions.", [OpenApiExample("Suggested", SUGGESTED)]),
        400: WRONG,
        503: DOWN,
    },
)
search_status = _get(
    "order_search_status",
    "Where an order stands in search",
    responses={
        200: OpenApiResponse(SearchStatusAnswer, "Its version, what waits, and what each index holds."),
        404: OpenApiResponse(
            PolymorphicProxySerializer(
                "NoSearchStatus", [SearchStatusAnswer, ErrorResponseSerializer], resource_type_field_name=None
            ),
            "It is nowhere.",
        ),
    },
)
