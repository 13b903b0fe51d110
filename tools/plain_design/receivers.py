"""The plain design: a receiver that indexes inside the transaction, without versions. The suite must see it lose."""

from contextlib import suppress
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from elasticsearch import ApiError, TransportError
from elasticsearch.dsl.connections import connections


def save(instance: Any, **kwargs: Any) -> None:
    from order_search.documents import OrderDocument

    document = OrderDocument()
    with suppress(ApiError, TransportError):
        connections.get_connection().index(
            index=document._index._name, id=str(instance.pk), document=document.prepare(instance)
        )


def delete(instance: Any, **kwargs: Any) -> None:
    from order_search.documents import OrderDocument

    with suppress(ApiError, TransportError):
        connections.get_connection().delete(index=OrderDocument._index._name, id=str(instance.pk))


class NaiveConfig(AppConfig):
    """Connects the receivers."""

    name = "tests.faults"
    label = "naive"

    def ready(self) -> None:
        from orders.models import Order

        post_save.connect(save, sender=Order, dispatch_uid="naive.save")
        post_delete.connect(delete, sender=Order, dispatch_uid="naive.delete")
