"""The order's document, without a version."""

from django.conf import settings
from django_elasticsearch_dsl import Document
from django_elasticsearch_dsl.registries import registry

from orders.models import Order


@registry.register_document
class OrderDocument(Document):  # type: ignore[misc]  # the package has no types
    """An order."""

    class Index:
        name = f"{settings.SEARCH_INDEX_PREFIX}orders"

    class Django:
        model = Order
        fields = ["id", "order_number", "customer_name", "total_amount"]
