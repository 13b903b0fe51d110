"""The plain design at its weakest: receivers that index inside the transaction and ignore the engine's errors.

They stand in for the project's own push, with its views and its document, so that the fault tests can show that they
notice what such a design loses.
"""

from contextlib import suppress
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from elasticsearch import ApiError, TransportError
from elasticsearch.dsl.connections import connections


def index_order(instance: Any, **kwargs: Any) -> None:
    from order_search.documents import OrderDocument

    document = OrderDocument()
    with suppress(ApiError, TransportError):
        connections.get_connection().index(
            index=document._index._name, id=str(instance.pk), document=document.prepare(instance)
        )


def delete_order(instance: Any, **kwargs: Any) -> None:
    from order_search.documents import OrderDocument

    with suppress(ApiError, TransportError):
        connections.get_connection().delete(index=OrderDocument._index._name, id=str(instance.pk))


class ReceiversConfig(AppConfig):
    """Connect the receivers."""

    name = "tools.plain_design.receivers"  # not the package: its documents must not be registered
    label = "plain_design_receivers"

    def ready(self) -> None:
        from orders.models import Order

        post_save.connect(index_order, sender=Order, dispatch_uid="plain_design.index_order")
        post_delete.connect(delete_order, sender=Order, dispatch_uid="plain_design.delete_order")
