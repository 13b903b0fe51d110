"""The OpenAPI schema of the order views beyond their serializers: headers, examples, statuses."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from drf_standardized_errors.openapi_serializers import (
    ClientErrorEnum,
    ServerErrorEnum,
    ValidationErrorEnum,
    ValidationErrorSerializer,
)
from rest_framework import serializers

from orders.bulk import MAX_ORDERS, BulkQueryParams
from orders.serializers import OrderSerializer

HEADER: Literal["header"] = "header"


class ErrorSerializer(ValidationErrorSerializer):
    """One error of any type."""

    code = serializers.CharField(help_text="The kind of error, for programs.")
    detail = serializers.CharField(help_text="What is wrong, for people.")
    attr = serializers.CharField(
        allow_null=True, help_text="The invalid field or parameter, such as `lines.0.quantity`."
    )


class ErrorResponseSerializer(serializers.Serializer[Any]):
    """An error response with codes that drf-standardized-errors does not define."""

    type = serializers.ChoiceField(
        choices=[*ValidationErrorEnum.values, *ClientErrorEnum.values, *ServerErrorEnum.values]
    )
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]  # a serializer has an attribute of this name


def error_response(
    description: str, code: str, detail: str, attr: str | None = None, error_type: str = ""
) -> OpenApiResponse:
    """Return an error response whose example is this one error; its type follows from `attr` unless given."""
    error_type = error_type or ("validation_error" if attr else "client_error")
    value = {"type": error_type, "errors": [{"code": code, "detail": detail, "attr": attr}]}
    return OpenApiResponse(ErrorResponseSerializer, description, [OpenApiExample(code, value)])


ETAG = OpenApiParameter(
    "ETag",
    location=HEADER,
    response=[200, 201, 304],
    required=True,
    description='The version of the order, for example `"17"`.',
)
LOCATION = OpenApiParameter(
    "Location", location=HEADER, response=[201], required=True, description="The URL of the new order."
)
IF_MATCH = OpenApiParameter("If-Match", location=HEADER, description="An ETag: 412 if the order has another version.")
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    location=HEADER,
    description="An ETag: if the order has this version, 304 for a read and 412 for a change.",
)
VERSION_CHANGED = error_response(
    "The order has another version.",
    "precondition_failed",
    "The order has another version than the one in the request. Read it again.",
)
NUMBER_TAKEN = error_response(
    "The request is invalid; every error is listed.",
    "unique",
    "order with this order number already exists.",
    "order_number",
)
ORDER_WITH_TOTAL: dict[str, Any] = {"order_number": "order00003", "customer_name": "John Doe", "total_amount": 1234.56}
LINE = {"sku": "LAMP-1", "description": "A lamp", "quantity": 2, "unit_price": "10.25"}
ORDER_WITH_LINES = {
    "order_number": "order00004",
    "customer_name": "Zoë Müller",
    "currency": "CHF",
    "status": "draft",
    "note": "Ring twice",
    "lines": [LINE],
}
ORDER_DATA = {
    "id": 3,
    **ORDER_WITH_TOTAL,
    "total_amount": "1234.56",
    "currency": "EUR",
    "status": "placed",
    "note": "",
    "lines": [],
    "created_at": "2026-11-24T16:00:08.700618Z",
    "updated_at": "2026-11-24T16:00:08.766499Z",
    "version": 1795536008767000,
}
REQUEST_EXAMPLES = [
    OpenApiExample("With a total", ORDER_WITH_TOTAL, request_only=True),
    OpenApiExample("With lines", ORDER_WITH_LINES, request_only=True),
]
ORDER_EXAMPLE = OpenApiExample("An order", ORDER_DATA, response_only=True)
ORDER_RESPONSE = OpenApiResponse(OrderSerializer, "The order.", [ORDER_EXAMPLE])
BULK_RESULT = inline_serializer(
    "BulkResult",
    {
        "status": serializers.ChoiceField(choices=[201, 400]),
        "order": OrderSerializer(required=False),
        "errors": ErrorSerializer(many=True, required=False),
    },
)
BULK_RESULTS = inline_serializer(
    "BulkResponse",
    {
        "created": serializers.IntegerField(),
        "refused": serializers.IntegerField(),
        "results": serializers.ListField(child=BULK_RESULT),
    },
)
BULK_REQUEST = OrderSerializer(many=True, allow_empty=False, max_length=MAX_ORDERS)  # type: ignore[call-arg]  # no stub
REFUSED_RESULT = {
    "status": 400,
    "errors": [{"code": "required", "detail": "This field is required.", "attr": "customer_name"}],
}
BULK_DATA = {"created": 1, "refused": 1, "results": [{"status": 201, "order": ORDER_DATA}, REFUSED_RESULT]}


class OrderSchema(OpenApiSerializerExtension):
    """Require total_amount or lines in a complete order."""

    target_class = OrderSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if direction == "request" and not self.target.partial:
            lines = {"required": ["lines"], "properties": {"lines": {"minItems": 1}}}
            schema["anyOf"] = [{"required": ["total_amount"]}, lines]
        return schema


create = extend_schema(
    operation_id="create_order",
    summary="Create an order",
    parameters=[ETAG, LOCATION],
    examples=REQUEST_EXAMPLES,
    responses={201: ORDER_RESPONSE, 400: NUMBER_TAKEN},
)
create_at_orders = extend_schema(
    operation_id="add_order",
    summary="Create an order",
    parameters=[ETAG, LOCATION],
    examples=REQUEST_EXAMPLES,
    responses={201: ORDER_RESPONSE, 400: NUMBER_TAKEN},
)
bulk = extend_schema(
    operation_id="create_orders",
    summary="Create many orders",
    parameters=[BulkQueryParams],
    description=(
        "The orders as a JSON array, or as one JSON object per line. All are created or none; with `atomic=false` the "
        "valid ones are created."
    ),
    request=dict.fromkeys(("application/json", "application/x-ndjson"), BULK_REQUEST),
    examples=REQUEST_EXAMPLES,
    responses={
        201: OpenApiResponse(
            OrderSerializer(many=True), "All orders were created; in the order of the request.", [ORDER_EXAMPLE]
        ),
        207: OpenApiResponse(
            BULK_RESULTS, "With `atomic=false`: the result of each order.", [OpenApiExample("Some refused", BULK_DATA)]
        ),
        400: error_response("No order was created; every error is listed.", "unique", "…", "3.order_number"),
    },
)
listing = extend_schema(
    operation_id="list_orders",
    summary="List orders, newest first",
    responses={
        200: OpenApiResponse(OrderSerializer(many=True), "A page.", [ORDER_EXAMPLE]),
        400: error_response("The page size is invalid.", "invalid", "Must be a number from 1 to 500.", "page_size"),
        404: error_response("The cursor is invalid.", "not_found", "Invalid cursor"),
    },
)
read = extend_schema(
    operation_id="read_order",
    summary="Read an order",
    parameters=[ETAG, IF_MATCH, IF_NONE_MATCH],
    responses={
        200: ORDER_RESPONSE,
        304: OpenApiResponse(description="The order still has this version."),
        412: VERSION_CHANGED,
    },
)


def update(operation_id: str, summary: str) -> Any:
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        parameters=[ETAG, IF_MATCH, IF_NONE_MATCH],
        examples=REQUEST_EXAMPLES,
        responses={200: ORDER_RESPONSE, 400: NUMBER_TAKEN, 412: VERSION_CHANGED},
    )


delete = extend_schema(
    operation_id="delete_order",
    summary="Delete an order",
    parameters=[IF_MATCH, IF_NONE_MATCH],
    responses={204: OpenApiResponse(description="The order is deleted."), 412: VERSION_CHANGED},
)
