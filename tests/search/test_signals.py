"""From a save to the index: one push a transaction, after the commit, and never an error for the caller."""

import asyncio
import threading
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections, transaction
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search import signals
from search.models import Entry
from search.outbox.relations import parent_keys
from search.push import bulk
from search.push.relay import Relay
from tests.roles import psql, role
from tests.shop.models import Item, Part
from tests.support import assert_in_step, in_index, in_threads

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.usefixtures("patient_push")]


def make(number, **values):
    return Order(order_number=f"order{number:05}", customer_name="John Doe", total_amount="1.50", **values)


@pytest.fixture
def bulks(monkeypatch):
    """How many operations each bulk request carried."""
    sent, really = [], bulk._post

    def count(chunk, timeout):
        sent.append(len(chunk))
        return really(chunk, timeout)

    monkeypatch.setattr(bulk, "_post", count)
    return sent


def test_a_save_is_indexed_when_it_returns(indices, answer):
    order = make(1)
    order.save()
    assert str(answer) == "indexed"
    order.refresh_from_db()
    assert in_index(OrderDocument)[str(order.pk)][0] == order.version


def test_a_delete_is_gone_when_it_returns(indices, answer):
    order = make(1)
    order.save()
    order.delete()
    assert str(answer) == "indexed"
    assert in_index(OrderDocument) == {}


def test_100_saves_in_one_transaction_are_one_bulk(indices, bulks):
    with transaction.atomic():
        for number in range(100):
            make(number).save()
        assert bulks == []
    assert bulks == [100]
    assert_in_step()


def test_a_rollback_leaves_nothing_and_loses_nothing(indices, bulks):
    kept = make(1)
    kept.save()
    with pytest.raises(RuntimeError), transaction.atomic():
        make(2).save()
        Order.objects.filter(pk=kept.pk).update(customer_name="rolled back")
        raise RuntimeError
    assert bulks == [1]
    assert_in_step()
    make(3).save()
    assert len(in_index(OrderDocument)) == 2
    assert_in_step()


def test_a_savepoints_rollback_leaves_nothing_and_loses_nothing(indices, answer):
    with transaction.atomic():
        make(1).save()
        with pytest.raises(RuntimeError), transaction.atomic():
            make(2).save()
            raise RuntimeError
        make(3).save()
    assert str(answer) == "indexed"
    numbers = {source["order_number"] for _, source in in_index(OrderDocument).values()}
    assert numbers == {"order00001", "order00003"}
    assert_in_step()


def test_a_save_after_a_savepoint_that_rolled_back_the_same_row(indices, answer):
    """Registering one callback a transaction would lose the row: the rollback drops the one that knew of it."""
    with transaction.atomic():
        with pytest.raises(RuntimeError), transaction.atomic():
            make(1).save()
            raise RuntimeError
        make(1).save()
    assert str(answer) == "indexed"
    assert_in_step()


def test_get_or_create_and_asave(indices):
    Order.objects.get_or_create(order_number="order00001", defaults={"customer_name": "a", "total_amount": 1})
    Order.objects.update_or_create(order_number="order00001", defaults={"customer_name": "b", "total_amount": 1})

    async def save():
        await make(2).asave()
        await sync_to_async(connections.close_all)()  # the thread that saved has a connection of its own

    asyncio.run(save())
    assert len(in_index(OrderDocument)) == 2
    assert_in_step()


def test_receivers_off_is_pending_and_the_relay_heals(indices, answer):
    package: Any = apps.get_app_config("django_elasticsearch_dsl")
    processor = package.signal_processor
    processor.teardown()
    try:
        make(1).save()
    finally:
        processor.setup()
    assert str(answer) == "pending"
    assert in_index(OrderDocument) == {}
    Relay().drain()
    assert_in_step()
    assert Entry.objects.count() == 0


@pytest.mark.parametrize("push", ["async", "off"])
def test_async_and_off_leave_it_to_the_relay(indices, answer, settings, push):
    settings.SEARCH_PUSH = push
    make(1).save()
    assert str(answer) == "pending"
    assert Entry.objects.pending().count() == 1
    Relay().drain()
    assert_in_step()


@pytest.mark.parametrize("times", [1, 5])
def test_a_patch_during_a_patch_ends_with_the_newer(indices, times):
    make(1).save()
    started = threading.Barrier(4)

    def patch(name):
        started.wait()
        for turn in range(times):
            with transaction.atomic():
                order = Order.objects.select_for_update().get(order_number="order00001")
                order.customer_name = f"{name} {turn}"
                order.save()

    in_threads(*(lambda name=name: patch(name) for name in "abcd"))
    assert_in_step()


def test_bulk_operations_and_raw_sql_reach_the_index_by_the_relay(indices):
    Order.objects.bulk_create([make(number) for number in range(5)])
    orders = list(Order.objects.order_by("pk"))
    for order in orders[:2]:
        order.customer_name = "Jane"
    Order.objects.bulk_update(orders[:2], ["customer_name"])
    Order.objects.filter(pk=orders[2].pk).update(total_amount=7)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_order SET customer_name = 'raw' WHERE id = %s", [orders[3].pk])
        cursor.execute("DELETE FROM orders_order WHERE id = %s", [orders[4].pk])
    Relay().drain()
    assert len(in_index(OrderDocument)) == 4
    assert_in_step()


@pytest.mark.postgres
def test_another_roles_psql_reaches_the_index_by_the_relay(indices):
    row = "INSERT INTO orders_order (order_number, customer_name, total_amount) VALUES ('{}', 'a', 1)"
    with role("orders_order") as clerk:
        psql(clerk, row.format("o1"))
        psql(clerk, row.format("o2"))
        Relay().drain()
        psql(clerk, "UPDATE orders_order SET customer_name = 'c' WHERE order_number = 'o1'")
        psql(clerk, "DELETE FROM orders_order WHERE order_number = 'o2'")
        Relay().drain()
    assert [source["customer_name"] for _, source in in_index(OrderDocument).values()] == ["c"]
    assert_in_step()


def test_a_queryset_delete_is_pushed_by_its_signals(indices, answer, bulks):
    Order.objects.bulk_create([make(number) for number in range(5)])
    Relay().drain()
    bulks.clear()
    Order.objects.all().delete()
    assert bulks == [5]
    assert str(answer) == "indexed"
    assert in_index(OrderDocument) == {}


def test_an_engine_that_is_away_is_pending_and_no_error(indices, answer, monkeypatch):
    monkeypatch.setattr("search.client.connection.client", lambda: Elasticsearch("http://127.0.0.1:9", max_retries=0))
    make(1).save()
    assert str(answer) == "pending"
    assert list(Entry.objects.values_list("state", "attempts")) == [("pending", 0)]


def test_no_index_is_pending_and_waits(engine, transactional_db, answer):
    make(1).save()
    assert str(answer) == "pending"
    assert not engine.indices.exists(index=OrderDocument._index._name)


@pytest.mark.parametrize(
    ("related", "path", "expected"),
    [
        (Part(item_id=UUID(int=1)), "item", {f"shop.Item:{UUID(int=1)}"}),
        (Part(item=None), "item", set()),
        (LogEntry(content_type_id=None), "content_type", set()),
        (LogEntry(content_type_id=None), "content_type__permission", None),
        (LogEntry(content_type_id=999_999), "content_type__permission", None),
        (LogEntry(content_type=ContentType(pk=7)), "content_type__permission", None),
        (Group(pk=7), "permissions", None),
        (Item(), "parts", None),
        (Item(), "parts__item", None),
    ],
)
def test_a_receiver_follows_foreign_keys_and_leaves_other_paths_to_the_relay(db, related, path, expected):
    assert parent_keys(related, path) == expected


def test_what_is_left_to_the_relay_is_pending_and_no_error(indices, answer):
    order = make(1)
    with transaction.atomic():
        order.save()
        signals.on_row_changed(Item(), "default", path="parts__item")
    assert str(answer) == "pending"
    order.refresh_from_db()
    assert in_index(OrderDocument)[str(order.pk)][0] == order.version
