"""How an order is read and written in JSON."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from rest_framework import serializers

from orders.models import Order


class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order in JSON.

    `total_amount` is accepted as a number or as text, and answered as text ("1234.56"): a reader that takes JSON
    numbers for doubles would lose cents of large amounts. Texts are trimmed; a number where text is asked for is
    taken as it was written. Fields that are not known, or not the client's to set, are ignored.
    """

    class Meta:
        model = Order
        fields = ["id", "order_number", "customer_name", "total_amount", "created_at", "updated_at", "version"]
        read_only_fields = ["created_at", "updated_at", "version"]

    def validate_total_amount(self, amount: Decimal) -> Decimal:
        """No minus before a zero."""
        return abs(amount)

    def create(self, validated_data: dict[str, Any]) -> Order:
        with transaction.atomic():
            order = super().create(validated_data)
            order.refresh_from_db(fields=["version"])
        return order

    def update(self, instance: Order, validated_data: dict[str, Any]) -> Order:
        """Saves what was given and nothing else; never inserts a row that is gone."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        with transaction.atomic():
            instance.save(update_fields=[*validated_data, "updated_at"])
            instance.refresh_from_db(fields=["version"])
        return instance
