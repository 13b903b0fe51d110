"""How the order search is described: operations, examples and errors. The rest is in search/query/openapi.py."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_view,
)

from order_search.fields import ORDERS
from order_search.serializers import (
    OrderExportParams,
    OrderSearchParams,
    SearchAnswer,
    SearchStatusAnswer,
    SuggestAnswer,
    SuggestParams,
)
from orders.openapi import ORDER_DATA, ErrorResponseSerializer, error_response
from search.exceptions import CursorExpired
from search.query.openapi import FRESH, RETRY_AFTER

INVALID = error_response("A parameter is not valid; every error is named.", "invalid", "Unknown parameter.", "statsu")
GONE = error_response("The cursor has expired.", "cursor_expired", str(CursorExpired.__doc__), "cursor", "client_error")
UNAVAILABLE = error_response(
    "Elasticsearch does not answer, or not in time.",
    "search_unavailable",
    ORDERS.unavailable,
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
        ORDER_DATA
        | {
            "customer_name": "Jane Doe",
            "total_amount": "12.56",
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


def _get(operation: str, summary: str, **options: Any) -> Any:
    return extend_schema_view(get=extend_schema(operation_id=operation, summary=summary, **options))


search = _get(
    "search_orders",
    "Search orders",
    parameters=[OrderSearchParams, FRESH, RETRY_AFTER],
    responses={
        200: OpenApiResponse(SearchAnswer, "A page of the result.", [OpenApiExample("Found", FOUND)]),
        400: INVALID,
        410: GONE,
        503: UNAVAILABLE,
    },
)
export = _get(
    "export_orders",
    "Export the whole result of a search",
    parameters=[OrderExportParams, FRESH, RETRY_AFTER],
    responses={
        (200, "text/csv"): OpenApiTypes.STR,
        (200, "application/x-ndjson"): OpenApiTypes.STR,
        400: INVALID,
        503: UNAVAILABLE,
    },
)
suggest = _get(
    "suggest",
    "Suggest completions",
    parameters=[SuggestParams, RETRY_AFTER],
    responses={
        200: OpenApiResponse(SuggestAnswer, "Suggestions.", [OpenApiExample("Suggested", SUGGESTED)]),
        400: INVALID,
        503: UNAVAILABLE,
    },
)
search_status = _get(
    "order_search_status",
    "Whether search has an order as it is",
    responses={
        200: OpenApiResponse(SearchStatusAnswer, "Its version, its pending entry, and what each index has."),
        404: OpenApiResponse(
            PolymorphicProxySerializer(
                "NoSearchStatus", [SearchStatusAnswer, ErrorResponseSerializer], resource_type_field_name=None
            ),
            "Neither the database nor an index has it.",
        ),
    },
)
