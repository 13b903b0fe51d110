"""How an order is read and written in JSON."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from iso4217 import Currency
from rest_framework import serializers
from rest_framework.fields import empty

from orders.models import Order, OrderLine, total_of

MOST_LINES = 500  # of one order
LARGEST_TOTAL = Decimal("9999999999.99")
REQUIRED = serializers.ErrorDetail(str(serializers.Field.default_error_messages["required"]), code="required")
CURRENCIES = [currency.code for currency in Currency]


class OrderLineSerializer(serializers.ModelSerializer[OrderLine]):
    """A line of an order in JSON."""

    class Meta:
        model = OrderLine
        fields = ["sku", "description", "quantity", "unit_price"]

    def to_internal_value(self, data: Any) -> Any:
        """A line is sent whole, also where its order is not: the lines are replaced, not changed."""
        found = super().to_internal_value(data)
        if missing := [name for name, field in self.fields.items() if field.required and name not in found]:
            raise serializers.ValidationError({name: [REQUIRED] for name in missing})
        return found

    def validate_unit_price(self, price: Decimal) -> Decimal:
        """No minus before a zero."""
        return abs(price)


class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order in JSON.

    `total_amount` is accepted as a number or as text, and answered as text ("1234.56"): a reader that takes JSON
    numbers for doubles would lose cents of large amounts. With `lines` it may be left out; when both are given they
    must agree. Lines replace the order's lines. Texts are trimmed; a number where text is asked for is taken as it
    was written. Fields that are not known, or not the client's to set, are ignored.
    """

    currency = serializers.ChoiceField(choices=CURRENCIES, required=False)
    lines = OrderLineSerializer(many=True, required=False, max_length=MOST_LINES)  # type: ignore[call-arg]  # no stub

    class Meta:
        model = Order
        fields = [
            "id",
            "order_number",
            "customer_name",
            "total_amount",
            "currency",
            "status",
            "note",
            "lines",
            "created_at",
            "updated_at",
            "version",
        ]
        read_only_fields = ["created_at", "updated_at", "version"]
        extra_kwargs: dict[str, dict[str, Any]] = {"total_amount": {"required": False}}

    def run_validation(self, data: Any = empty) -> Any:
        """The total may be left out only where lines tell it."""
        self.fields["total_amount"].required = not (isinstance(data, Mapping) and data.get("lines"))
        return super().run_validation(data)

    def validate_total_amount(self, amount: Decimal) -> Decimal:
        """No minus before a zero."""
        return abs(amount)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The total is what the lines come to, those in the request or those that the order keeps."""
        if "lines" in attrs:
            attrs["lines"] = [OrderLine(position=at, **line) for at, line in enumerate(attrs["lines"], start=1)]
        given = attrs.get("total_amount")
        if lines := self._lines(attrs):
            attrs["total_amount"] = _agreed(given, total_of(lines))
        return attrs

    def _lines(self, attrs: dict[str, Any]) -> list[OrderLine]:
        """The lines that the order will have, where this request says something of them or of the total."""
        if "lines" in attrs:
            return list(attrs["lines"])
        return list(self.instance.lines.all()) if self.instance and "total_amount" in attrs else []

    def create(self, validated_data: dict[str, Any]) -> Order:
        lines = validated_data.pop("lines", [])
        with transaction.atomic():
            order = Order.objects.create(**validated_data)
            _keep(order, lines)
        return order

    def update(self, instance: Order, validated_data: dict[str, Any]) -> Order:
        """Saves what was given and nothing else; never inserts a row that is gone."""
        lines = validated_data.pop("lines", None)
        for name, value in validated_data.items():
            setattr(instance, name, value)
        with transaction.atomic():
            instance.save(update_fields=[*validated_data, "updated_at"])
            if lines is not None:
                instance.lines.all().delete()
            _keep(instance, lines or [])
        return instance


def _agreed(given: Decimal | None, total: Decimal) -> Decimal:
    """What the lines come to. ValidationError when another total was given, or when it is too large to be kept."""
    if total > LARGEST_TOTAL:
        raise serializers.ValidationError({"lines": f"They come to {total}, more than {LARGEST_TOTAL}."})
    if given is not None and given != total:
        raise serializers.ValidationError({"total_amount": f"The lines come to {total}."})
    return total


def _keep(order: Order, lines: list[OrderLine]) -> None:
    """Write an order's new lines, and read the version that the order has then: lines raise it too."""
    for line in lines:
        line.order = order
    OrderLine.objects.bulk_create(lines)
    order.refresh_from_db(fields=["version"])
