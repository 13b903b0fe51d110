"""The documents: how a row of each model looks in the index. The one module of search that imports orders.

To index a model of your own see docs/index-your-own-model.md.
"""

from typing import Any

from django_elasticsearch_dsl import fields
from django_elasticsearch_dsl.registries import registry
from elasticsearch.dsl import MetaField

from orders.models import Order, OrderLine
from search.conf import conf
from search.mapping.base import VersionedDocument
from search.mapping.column_readers import prefetch_columns
from search.mapping.text_fields import code_field, name_field, text_field


@registry.register_document
class OrderDocument(VersionedDocument):
    """An order with its lines, as it is searched."""

    capture = {OrderLine: "order"}

    id = fields.LongField()
    order_number = fields.KeywordField(**code_field())
    customer_name = fields.TextField(**name_field())
    total_amount = fields.DoubleField()  # exact: a double holds 15 digits, an amount has 12
    currency = fields.KeywordField()
    status = fields.KeywordField()
    note = fields.TextField(**text_field())
    lines = fields.NestedField(
        include_in_root=True,  # for highlighting, which cannot look into nested ones
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
        return super().get_queryset().prefetch_related(prefetch_columns("lines"))

    def get_instances_from_related(self, related_instance: OrderLine) -> Order:
        return related_instance.order

    class Index:
        name = f"{conf.INDEX_PREFIX}orders"
        settings = {
            "number_of_shards": 1,
            "number_of_replicas": 0,
            "refresh_interval": "1s",  # explicit: an index that is not searched would else not refresh at all
            "gc_deletes": "1h",  # how long Elasticsearch remembers the version of a delete
        }

    class Meta:
        dynamic = MetaField("false")  # new code may write a new field to an index of the old mapping

    class Django:
        model = Order
        related_models = [OrderLine]
