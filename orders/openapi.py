"""What the orders' views tell the API's description beyond their serializers: headers, examples, statuses."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from project.openapi import ErrorItem, error
from rest_framework import serializers

from orders.bulk import MOST_ORDERS, BulkParameters
from orders.serializers import OrderSerializer

HEADER: Literal["header"] = "header"
ETAG = OpenApiParameter(
    "ETag", location=HEADER, response=[200, 201, 304], required=True, description='The order\'s version, as `"17"`.'
)
LOCATION = OpenApiParameter(
    "Location", location=HEADER, response=[201], required=True, description="The new order's address."
)
IF_MATCH = OpenApiParameter(
    "If-Match", location=HEADER, description="An ETag that you know: when the order has another version, it is a 412."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", location=HEADER, description="An ETag that you know: a read is a 304, a change a 412."
)
CHANGED = error(
    "The order has another version.",
    "precondition_failed",
    "The order has another version than the one you name. Read it again.",
)
TAKEN = error(
    "The request is wrong; every error is named.",
    "unique",
    "order with this order number already exists.",
    "order_number",
)
JOHN: dict[str, Any] = {"order_number": "order00003", "customer_name": "John Doe", "total_amount": 1234.56}
LAMP = {"sku": "LAMP-1", "description": "A lamp", "quantity": 2, "unit_price": "10.25"}
LINED = {
    "order_number": "order00004",
    "customer_name": "Zoë Müller",
    "currency": "CHF",
    "status": "draft",
    "note": "Ring twice",
    "lines": [LAMP],
}
ANSWER = {
    "id": 3,
    **JOHN,
    "total_amount": "1234.56",
    "currency": "EUR",
    "status": "placed",
    "note": "",
    "lines": [],
    "created_at": "2026-11-24T16:00:08.700618Z",
    "updated_at": "2026-11-24T16:00:08.766499Z",
    "version": 1795536008767000,
}
SENT = [
    OpenApiExample("With a total", JOHN, request_only=True),
    OpenApiExample("With lines", LINED, request_only=True),
]
ANSWERED = OpenApiExample("An order", ANSWER, response_only=True)
ONE = OpenApiResponse(OrderSerializer, "The order.", [ANSWERED])
RESULT = inline_serializer(
    "BulkResult",
    {
        "status": serializers.ChoiceField(choices=[201, 400]),
        "order": OrderSerializer(required=False),
        "errors": ErrorItem(many=True, required=False),
    },
)
RESULTS = inline_serializer(
    "BulkAnswer",
    {
        "created": serializers.IntegerField(),
        "refused": serializers.IntegerField(),
        "results": serializers.ListField(child=RESULT),
    },
)
MANY = OrderSerializer(many=True, allow_empty=False, max_length=MOST_ORDERS)  # type: ignore[call-arg]  # no stub
REFUSED = {
    "status": 400,
    "errors": [{"code": "required", "detail": "This field is required.", "attr": "customer_name"}],
}
SOME = {"created": 1, "refused": 1, "results": [{"status": 201, "order": ANSWER}, REFUSED]}


class OrderSchema(OpenApiSerializerExtension):
    """An order that is sent whole needs its total, or lines that tell it."""

    target_class = OrderSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        found = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if direction == "request" and not self.target.partial:
            lines = {"required": ["lines"], "properties": {"lines": {"minItems": 1}}}
            found["anyOf"] = [{"required": ["total_amount"]}, lines]
        return found


create = extend_schema(
    operation_id="create_order",
    summary="Make an order",
    parameters=[ETAG, LOCATION],
    examples=SENT,
    responses={201: ONE, 400: TAKEN},
)
create_at_orders = extend_schema(
    operation_id="add_order",
    summary="Make an order",
    parameters=[ETAG, LOCATION],
    examples=SENT,
    responses={201: ONE, 400: TAKEN},
)
bulk = extend_schema(
    operation_id="create_orders",
    summary="Make many orders",
    parameters=[BulkParameters],
    description="As a JSON array, or one a line. All are made or none; with `atomic=false` the good ones are.",
    request=dict.fromkeys(("application/json", "application/x-ndjson"), MANY),
    examples=SENT,
    responses={
        201: OpenApiResponse(OrderSerializer(many=True), "All were made; in their order.", [ANSWERED]),
        207: OpenApiResponse(RESULTS, "With `atomic=false`.", [OpenApiExample("Some", SOME)]),
        400: error("None was made; every error is named.", "unique", "…", "3.order_number"),
    },
)
listing = extend_schema(
    operation_id="list_orders",
    summary="List orders, newest first",
    responses={
        200: OpenApiResponse(OrderSerializer(many=True), "A page.", [ANSWERED]),
        400: error("The page's size is wrong.", "invalid", "Give 1 to 500.", "page_size"),
        404: error("The cursor is none of a page.", "not_found", "Invalid cursor"),
    },
)
read = extend_schema(
    operation_id="read_order",
    summary="Read an order",
    parameters=[ETAG, IF_MATCH, IF_NONE_MATCH],
    responses={200: ONE, 304: OpenApiResponse(description="You know this version."), 412: CHANGED},
)


def change(operation: str, summary: str) -> Any:
    """PUT or PATCH."""
    return extend_schema(
        operation_id=operation,
        summary=summary,
        parameters=[ETAG, IF_MATCH, IF_NONE_MATCH],
        examples=SENT,
        responses={200: ONE, 400: TAKEN, 412: CHANGED},
    )


delete = extend_schema(
    operation_id="delete_order",
    summary="Delete an order",
    parameters=[IF_MATCH, IF_NONE_MATCH],
    responses={204: OpenApiResponse(description="It is gone."), 412: CHANGED},
)
