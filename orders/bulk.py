"""Many orders at once: validated with one look at the numbers that are taken, written in a few statements."""

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

MOST_ORDERS = 1_000  # of one request
TAKEN = "order with this order number already exists."
TWICE = "An order before this one has this order number."
Fields: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Refused:
    """Why one of many was refused, as ValidationError tells it."""

    detail: Any

    @property
    def errors(self) -> list[dict[str, Any]]:
        """As every error is answered."""
        return [asdict(error) for error in flatten_errors(self.detail)]


class BulkParameters(serializers.Serializer[Any]):
    """The query parameters of a bulk."""

    atomic = serializers.BooleanField(
        default=True, help_text="`false`: keep the good orders, and say of each other one why it was refused."
    )


class BulkList(serializers.ListSerializer[Any]):
    """A list of orders, in which a bad one is an error, or with the context's `atomic` false a Refused in its place."""

    def to_internal_value(self, data: Any) -> list[Fields | Refused]:
        self.taken = taken(data, self.child)
        self.seen: set[str] = set()
        try:
            found: list[Fields | Refused] = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):  # by place; the first one's, 0, would be taken for none
                error.detail = {str(place): detail for place, detail in error.detail.items()}
            raise
        return found

    def run_child_validation(self, data: Any) -> Any:
        try:
            return super().run_child_validation(data)
        except serializers.ValidationError as error:
            if self.context.get("atomic", True):
                raise
            return Refused(error.detail)


class BulkOrderSerializer(OrderSerializer):
    """An order among many: whether its number is taken was asked for all of them at once."""

    class Meta(OrderSerializer.Meta):
        list_serializer_class = BulkList
        extra_kwargs = OrderSerializer.Meta.extra_kwargs | {"order_number": {"validators": []}}

    def validate_order_number(self, number: str) -> str:
        """Neither another order nor one before it in the list may have it."""
        orders = self.parent
        assert isinstance(orders, BulkList)
        if number in orders.taken:
            raise serializers.ValidationError(TAKEN, code="unique")
        if number in orders.seen:
            raise serializers.ValidationError(TWICE, code="unique")
        orders.seen.add(number)
        return number


def taken(data: Any, child: Any) -> set[str]:
    """Those of the numbers in a request that orders have already."""
    field = child.fields["order_number"]
    wanted = []
    for each in data if isinstance(data, list) and len(data) <= MOST_ORDERS else ():
        with suppress(serializers.ValidationError):  # it will be raised again where it is looked for
            wanted.append(field.run_validation(each.get("order_number") if isinstance(each, dict) else None))
    return set(Order.objects.filter(order_number__in=wanted).values_list("order_number", flat=True))


def make(data: Any, context: Mapping[str, Any], *, atomic: bool) -> list[Any]:
    """The answer to many orders: each as it was kept, or with `atomic` false a Refused in its place."""
    options: dict[str, Any] = {"many": True, "allow_empty": False, "max_length": MOST_ORDERS}
    serializer: Any = BulkOrderSerializer(data=data, context={**context, "atomic": atomic}, **options)
    serializer.is_valid(raise_exception=True)
    wanted = serializer.validated_data
    orders = iter(create(each for each in wanted if not isinstance(each, Refused)))
    shown = serializer.child.to_representation
    return [each if isinstance(each, Refused) else shown(next(orders)) for each in wanted]


def told(made: Sequence[Any]) -> Fields:
    """What became of each of many, and how many of them were kept."""
    refused = sum(isinstance(each, Refused) for each in made)
    results = [
        {"status": 400, "errors": each.errors} if isinstance(each, Refused) else {"status": 201, "order": each}
        for each in made
    ]
    return {"created": len(made) - refused, "refused": refused, "results": results}


def create(wanted: Iterable[Fields]) -> list[Order]:
    """Write orders with their lines in one transaction of a few statements, and tell the receivers of post_save.

    bulk_create sends no signal; what follows orders would hear of these only by looking.
    """
    given = [dict(fields) for fields in wanted]
    lines = [fields.pop("lines", []) for fields in given]
    orders = [Order(**fields) for fields in given]
    with transaction.atomic():
        Order.objects.bulk_create(orders)
        _keep(orders, lines)
        for order in orders:
            post_save.send(Order, instance=order, created=True, update_fields=None, raw=False, using=order._state.db)
    return orders


def _keep(orders: list[Order], lines: list[list[OrderLine]]) -> None:
    """Write the orders' lines, and read what the orders have then: lines raise their versions too."""
    for order, own in zip(orders, lines, strict=True):
        for line in own:
            line.order = order
    OrderLine.objects.bulk_create([line for own in lines for line in own])
    versions = dict(Order.objects.filter(pk__in=[order.pk for order in orders]).values_list("pk", "version"))
    for order in orders:
        order.version = versions[order.pk]
    prefetch_related_objects(orders, "lines")
