"""Creating many orders at once: one query for the numbers that exist, and a few statements to write."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.db.models.signals import post_save
from drf_standardized_errors.formatter import flatten_errors
from rest_framework import serializers

from orders.models import Order, OrderLine
from orders.serializers import OrderSerializer

MAX_ORDERS = 1_000  # in one request
EXISTS = "order with this order number already exists."
REPEATED = "An earlier order in this request has the same order number."
Fields: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class RefusedOrder:
    """The errors of one order among many, as the detail of a ValidationError."""

    detail: Any

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Return the errors as every error response lists them."""
        return [asdict(error) for error in flatten_errors(self.detail)]


class BulkQueryParams(serializers.Serializer[Any]):
    """The query parameters of a bulk request."""

    atomic = serializers.BooleanField(
        default=True, help_text="`false`: create the valid orders, and list the errors of each of the others."
    )


class BulkListSerializer(serializers.ListSerializer[Any]):
    """A list of orders. An invalid order is an error or, with `atomic` false in the context, a RefusedOrder."""

    def to_internal_value(self, data: Any) -> list[Fields | RefusedOrder]:
        self.existing_numbers = existing_numbers(data, self.child)
        self.seen_numbers: set[str] = set()
        try:
            orders: list[Fields | RefusedOrder] = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                # By index, as text: flatten_errors would take the first order's, 0, for none.
                error.detail = {str(index): detail for index, detail in error.detail.items()}
            raise
        return orders

    def run_child_validation(self, data: Any) -> Any:
        try:
            return super().run_child_validation(data)
        except serializers.ValidationError as error:
            if self.context.get("atomic", True):
                raise
            return RefusedOrder(error.detail)


class BulkOrderSerializer(OrderSerializer):
    """An order among many. The list has already looked up which numbers exist."""

    class Meta(OrderSerializer.Meta):
        list_serializer_class = BulkListSerializer
        extra_kwargs = OrderSerializer.Meta.extra_kwargs | {"order_number": {"validators": []}}

    def validate_order_number(self, number: str) -> str:
        orders = self.parent
        assert isinstance(orders, BulkListSerializer)
        if number in orders.existing_numbers:
            raise serializers.ValidationError(EXISTS, code="unique")
        if number in orders.seen_numbers:
            raise serializers.ValidationError(REPEATED, code="unique")
        orders.seen_numbers.add(number)
        return number


def existing_numbers(data: Any, serializer: Any) -> set[str]:
    field = serializer.fields["order_number"]
    numbers = []
    for order in data if isinstance(data, list) and len(data) <= MAX_ORDERS else ():
        with suppress(serializers.ValidationError):  # validating the order will raise it again
            numbers.append(field.run_validation(order.get("order_number") if isinstance(order, dict) else None))
    return set(Order.objects.filter(order_number__in=numbers).values_list("order_number", flat=True))


def create_validated(data: Any, context: Mapping[str, Any], *, atomic: bool) -> list[Any]:
    """Validate and create orders; return each serialized or, with `atomic` false, a RefusedOrder in its place."""
    options: dict[str, Any] = {"many": True, "allow_empty": False, "max_length": MAX_ORDERS}
    serializer: Any = BulkOrderSerializer(data=data, context={**context, "atomic": atomic}, **options)
    serializer.is_valid(raise_exception=True)
    validated = serializer.validated_data
    orders = iter(create_orders(order for order in validated if not isinstance(order, RefusedOrder)))
    serialize = serializer.child.to_representation
    return [order if isinstance(order, RefusedOrder) else serialize(next(orders)) for order in validated]


def summary(results: Sequence[Any]) -> Fields:
    """Return the body of a response to a bulk request that is not atomic, from what create_validated() returned."""
    refused = sum(isinstance(result, RefusedOrder) for result in results)
    items = [
        {"status": 400, "errors": result.errors}
        if isinstance(result, RefusedOrder)
        else {"status": 201, "order": result}
        for result in results
    ]
    return {"created": len(results) - refused, "refused": refused, "results": items}


def create_orders(orders_fields: Iterable[Fields]) -> list[Order]:
    """Create orders with their lines in one transaction of a few statements, and send post_save for each order.

    bulk_create() sends no signals, so receivers would miss these orders.
    """
    orders_fields = [dict(fields) for fields in orders_fields]
    lines = [fields.pop("lines", []) for fields in orders_fields]
    orders = [Order(**fields) for fields in orders_fields]
    with transaction.atomic():
        Order.objects.bulk_create(orders)
        _save_lines(orders, lines)
        for order in orders:
            post_save.send(Order, instance=order, created=True, update_fields=None, raw=False, using=order._state.db)
    return orders


def _save_lines(orders: list[Order], lines: list[list[OrderLine]]) -> None:
    for order, order_lines in zip(orders, lines, strict=True):
        for line in order_lines:
            line.order = order
    OrderLine.objects.bulk_create([line for order_lines in lines for line in order_lines])
    # The triggers raise an order's version for its lines too.
    versions = dict(Order.objects.filter(pk__in=[order.pk for order in orders]).values_list("pk", "version"))
    for order in orders:
        order.version = versions[order.pk]
    prefetch_related_objects(orders, "lines")
