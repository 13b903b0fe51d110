"""out_of_sync_documents(): whether an index as a whole holds what the database holds."""

import pytest

from order_search.documents import OrderDocument
from orders.models import Order
from search.drift.compare import out_of_sync_documents
from search.push import sender

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]


def make(number):
    return Order.objects.create(order_number=number, customer_name="Ada", total_amount=1)


def test_an_index_in_step(indices):
    make("a")
    make("b")
    sender.stop_all()
    assert out_of_sync_documents() == []


def test_a_lost_document_an_older_one_and_a_lost_index(indices):
    order = make("a")
    name = OrderDocument._index._name
    document = indices.get(index=name, id=order.pk)["_source"]

    indices.delete(index=name, id=order.pk)
    assert out_of_sync_documents() == [OrderDocument], "lost"

    indices.index(index=name, id=order.pk, document=document)
    assert out_of_sync_documents() == []

    Order.objects.filter(pk=order.pk).update(customer_name="Grace")  # a new version, that no receiver pushes
    assert out_of_sync_documents() == [OrderDocument], "older"

    indices.indices.delete(index=list(indices.indices.get(index=name)))
    assert out_of_sync_documents() == [OrderDocument], "no index"
