"""Serializers of orders and their lines."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from iso4217 import Currency
from rest_framework import serializers
from rest_framework.fields import empty

from orders.models import Order, OrderLine, total_of

MAX_LINES = 500  # of one order
MAX_TOTAL = Decimal("9999999999.99")
REQUIRED = serializers.ErrorDetail(str(serializers.Field.default_error_messages["required"]), code="required")
CURRENCIES = [currency.code for currency in Currency]


class OrderLineSerializer(serializers.ModelSerializer[OrderLine]):
    class Meta:
        model = OrderLine
        fields = ["sku", "description", "quantity", "unit_price"]

    def to_internal_value(self, data: Any) -> Any:
        """Require all fields also in a partial update: lines are replaced, not changed."""
        values = super().to_internal_value(data)
        if missing := [name for name, field in self.fields.items() if field.required and name not in values]:
            raise serializers.ValidationError({name: [REQUIRED] for name in missing})
        return values

    def validate_unit_price(self, price: Decimal) -> Decimal:
        return abs(price)  # -0 is valid, and would be stored with its sign


class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order with its lines.

    `total_amount` is accepted as a number or as text, and returned as text ("1234.56"): clients that parse JSON
    numbers as doubles would lose cents of large amounts. With `lines` it may be omitted; if both are given they must
    agree. Lines replace the order's lines. Text is trimmed; a number given for text is used as it was written.
    Unknown and read-only fields are ignored.
    """

    currency = serializers.ChoiceField(choices=CURRENCIES, required=False)
    lines = OrderLineSerializer(many=True, required=False, max_length=MAX_LINES)  # type: ignore[call-arg]  # no stub

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
        """Require the total unless it can be calculated from lines."""
        self.fields["total_amount"].required = not (isinstance(data, Mapping) and data.get("lines"))
        return super().run_validation(data)

    def validate_total_amount(self, amount: Decimal) -> Decimal:
        return abs(amount)  # -0 is valid, and would be stored with its sign

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "lines" in attrs:
            attrs["lines"] = [
                OrderLine(position=position, **line) for position, line in enumerate(attrs["lines"], start=1)
            ]
        if lines := self._lines(attrs):
            total = total_of(lines)
            _check_total(total, attrs.get("total_amount"))
            attrs["total_amount"] = total
        return attrs

    def _lines(self, attrs: dict[str, Any]) -> list[OrderLine]:
        if "lines" in attrs:
            return list(attrs["lines"])
        return list(self.instance.lines.all()) if self.instance and "total_amount" in attrs else []

    def create(self, validated_data: dict[str, Any]) -> Order:
        lines = validated_data.pop("lines", [])
        with transaction.atomic():
            order = Order.objects.create(**validated_data)
            _save_lines(order, lines)
        return order

    def update(self, instance: Order, validated_data: dict[str, Any]) -> Order:
        """Save only the given fields. update_fields also keeps a deleted row from being inserted again."""
        lines = validated_data.pop("lines", None)
        for name, value in validated_data.items():
            setattr(instance, name, value)
        with transaction.atomic():
            instance.save(update_fields=[*validated_data, "updated_at"])
            if lines is not None:
                instance.lines.all().delete()
            _save_lines(instance, lines or [])
        return instance


def _check_total(total: Decimal, requested: Decimal | None) -> None:
    if total > MAX_TOTAL:
        raise serializers.ValidationError({"lines": f"The lines add up to {total}. The maximum is {MAX_TOTAL}."})
    if requested is not None and requested != total:
        raise serializers.ValidationError({"total_amount": f"The lines add up to {total}."})


def _save_lines(order: Order, lines: list[OrderLine]) -> None:
    for line in lines:
        line.order = order
    OrderLine.objects.bulk_create(lines)
    order.refresh_from_db(fields=["version"])  # which the triggers raise for lines too
