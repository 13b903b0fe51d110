"""SQLite: writers and confirmations wait for one another, and a version grows faster than the clock."""

import sqlite3
import threading

import pytest
from django.db import OperationalError, connection, transaction

from order_search.documents import OrderDocument
from orders.models import Order
from search.models import Entry
from search.outbox import transitions
from search.push.push import push_keys
from search.push.relay import Relay
from tests.factories import OrderFactory
from tests.search.interleavings.ends import assert_quiet, drain_now, outbox_entries
from tests.search.interleavings.waits import Session, sql
from tests.support import in_index, in_threads

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


@pytest.fixture
def sqlite(order):
    """A pushed change that is not yet confirmed, on SQLite: its results. On PostgreSQL see test_postgresql.py."""
    if connection.vendor != "sqlite":
        pytest.skip("of SQLite's locks alone")
    Order.objects.update(customer_name="pushed")
    return push_keys(list(outbox_entries()), "default")


def test_versions_grow_within_one_millisecond(order):
    seen = [order.version]
    with transaction.atomic():
        for number in range(200):
            Order.objects.update(customer_name=str(number))
            seen.append(Order.objects.get().version)
    assert seen == sorted(set(seen))
    assert outbox_entries() == {f"orders.Order:{order.pk}": (seen[-1], "pending")}
    assert_quiet()


def test_a_rollback_waits_for_nothing(order):
    with transaction.atomic():
        Order.objects.update(customer_name="rolled back")
        assert len(outbox_entries()) == 1
        transaction.set_rollback(True)
    assert outbox_entries() == {}
    assert_quiet()


@pytest.mark.slow
def test_three_writers_and_two_pushers(order):
    """Real threads, bounded: create, update, delete and come again, while two relays push what they find."""
    pks = [OrderFactory.create().pk for _ in range(4)]
    ended = threading.Semaphore(0)

    def write(writer):
        try:
            for number in range(24):
                pk = pks[(number + writer) % len(pks)]
                if number % 6 == 5:
                    Order.objects.filter(pk=pk).delete()
                elif not Order.objects.filter(pk=pk).update(customer_name=f"{writer} {number}"):
                    again = Order(pk=pk, order_number=str(pk), customer_name=f"{writer} again", total_amount=1)
                    Order.objects.bulk_create([again], ignore_conflicts=True)
        finally:
            ended.release()

    def relay():
        one = Relay()
        while ended._value < 3:
            one.run_once()

    in_threads(*(lambda writer=writer: write(writer) for writer in range(3)), relay, relay)
    assert_quiet()


def test_a_deferred_transaction_that_has_read_fails_at_once(sqlite):
    """However long it may wait: what it has read is not the newest any more. What BEGIN IMMEDIATE is for."""
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=20, isolation_level=None)
    try:
        other.execute("BEGIN DEFERRED")
        other.execute("SELECT customer_name FROM orders_order").fetchall()
        transitions.apply_results(sqlite, "default")
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            other.execute("UPDATE orders_order SET customer_name = 'newer'")
    finally:
        other.close()
    assert_quiet()


def test_a_confirmation_waits_for_a_transaction_that_has_read(sqlite):
    """IMMEDIATE: the transaction takes the lock when it begins, so that its reads are still true when it writes."""
    begun, go_on = threading.Event(), threading.Event()

    def write():
        with transaction.atomic():
            Order.objects.get()
            begun.set()
            go_on.wait(30)
            Order.objects.update(customer_name="newer")

    writer = Session(write)
    assert begun.wait(30)
    try:
        sql("PRAGMA busy_timeout = 0")
        with pytest.raises(OperationalError, match="database is locked"):
            transitions.apply_results(sqlite, "default")
        sql("PRAGMA busy_timeout = 20000")
    finally:
        go_on.set()
    transitions.apply_results(sqlite, "default")
    writer.result()
    assert Entry.objects.get().token != sqlite[0].entry.token
    assert_quiet()


def test_a_writer_waits_for_a_confirmation(sqlite):
    """Why each is one short statement: SQLite locks the whole database for it."""
    with transaction.atomic():
        transitions.apply_results(sqlite, "default")

        def write():
            sql("PRAGMA busy_timeout = 0")
            Order.objects.update(customer_name="newer")

        with pytest.raises(OperationalError, match="database is locked"):
            Session(write).result()
    assert outbox_entries() == {}
    Session(lambda: Order.objects.update(customer_name="newer")).result()
    assert_quiet()


def test_a_delete_without_a_condition_takes_every_document_away(sqlite):
    sql("DELETE FROM orders_order")
    assert_quiet()
    assert in_index(OrderDocument) == {}


REPLACE = (
    "INSERT OR REPLACE INTO orders_order (id, order_number, customer_name, total_amount, version) "
    "VALUES (%s, %s, 'replaced', 1, 0)"
)


def test_insert_or_replace_of_the_same_key_is_above_what_it_replaces(sqlite, order):
    """The replaced row's version is lost to the insert: the delete's entry tells it."""
    Order.objects.update(customer_name="far ahead", version=order.version + 10**9)
    drain_now()
    sql(REPLACE, [order.pk, order.order_number])
    assert Order.objects.get().version > order.version + 10**9
    assert_quiet()
    assert in_index(OrderDocument)[str(order.pk)][1]["customer_name"] == "replaced"


def test_insert_or_replace_by_another_column_deletes_a_row_that_is_seen(sqlite, order):
    sql(REPLACE, [order.pk + 7, order.order_number])
    assert sorted(outbox_entries()) == sorted(f"orders.Order:{pk}" for pk in (order.pk, order.pk + 7))
    assert_quiet()
    assert list(in_index(OrderDocument)) == [str(order.pk + 7)]
