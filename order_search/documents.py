"""The order's document. Its fields are those of the table in fields.py; what it reads besides is here."""

from typing import Any

from django_elasticsearch_dsl.registries import registry
from elasticsearch.dsl import MetaField

from order_search.fields import ORDERS
from orders.models import Order, OrderLine
from search.conf import conf
from search.mapping.base import VersionedDocument
from search.mapping.column_readers import prefetch_columns
from search.query.schema import searchable


@registry.register_document
@searchable(ORDERS)
class OrderDocument(VersionedDocument):
    """An order with its lines."""

    capture = {OrderLine: "order"}

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
