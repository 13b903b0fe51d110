"""The service's document without a version: the same fields, analyzers, shards and refresh interval."""

from typing import Any

from django.conf import settings
from django_elasticsearch_dsl import Document, fields
from django_elasticsearch_dsl.registries import registry

from orders.models import Order, OrderLine
from search.mapping.text_fields import code_field, name_field, text_field


@registry.register_document
class OrderDocument(Document):  # type: ignore[misc]  # the package has no types
    """An order with its lines."""

    id = fields.LongField()
    order_number = fields.KeywordField(**code_field())
    customer_name = fields.TextField(**name_field())
    total_amount = fields.DoubleField()
    currency = fields.KeywordField()
    status = fields.KeywordField()
    note = fields.TextField(**text_field())
    lines = fields.NestedField(
        include_in_root=True,
        properties={
            "sku": fields.KeywordField(**code_field()),
            "description": fields.TextField(**text_field()),
            "quantity": fields.IntegerField(),
            "unit_price": fields.DoubleField(),
        },
    )
    created_at = fields.DateField()
    updated_at = fields.DateField()

    def get_queryset(self) -> Any:
        return super().get_queryset().prefetch_related("lines")

    def get_instances_from_related(self, related_instance: OrderLine) -> Order:
        return related_instance.order

    class Index:
        name = f"{settings.SEARCH_INDEX_PREFIX}orders"
        settings = {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "1s"}

    class Django:
        model = Order
        queryset_pagination = 500  # --populate with prefetch_related needs it; the size of the package's own bulks
        related_models = [OrderLine]
