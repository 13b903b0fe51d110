"""What a search takes and what it answers."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

LONGEST_TEXT = 200
REACH = 10_000  # documents from the first that a page may show: Elasticsearch's max_result_window


class SearchParameters(serializers.Serializer[Any]):
    """The query parameters of a search. An unknown one is refused: a misspelt filter must not seem to match all."""

    q = serializers.CharField(required=False, allow_blank=True, default="", max_length=LONGEST_TEXT)
    page = serializers.IntegerField(required=False, default=1, min_value=1, max_value=REACH)
    page_size = serializers.IntegerField(required=False, default=20, min_value=1, max_value=100)
    fresh = serializers.BooleanField(required=False, default=False)

    def to_internal_value(self, data: Mapping[str, Any]) -> Any:
        if unknown := sorted(set(data) - set(self.fields)):
            raise serializers.ValidationError({name: _("There is no such parameter.") for name in unknown})
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["page"] * attrs["page_size"] > REACH:
            raise serializers.ValidationError({"page": _("Pages reach to the 10,000th order. Search for less.")})
        return attrs


class FoundLine(serializers.Serializer[Any]):
    """A line of an order as the index has it."""

    sku = serializers.CharField()
    description = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = serializers.DecimalField(max_digits=12, decimal_places=2)


class FoundOrder(serializers.Serializer[Any]):
    """An order as the index has it, in the shape of the orders' own answers."""

    id = serializers.IntegerField()
    order_number = serializers.CharField()
    customer_name = serializers.CharField()
    total_amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    # With defaults: documents of an older mapping lack them until the next rebuild.
    currency = serializers.CharField(default="")
    status = serializers.CharField(default="")
    note = serializers.CharField(default="")
    lines = FoundLine(many=True, default=list)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()
