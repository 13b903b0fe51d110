"""The triggers come with every migrate, only when absent or changed, and go without a trace."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations import Migration

from orders.models import Order
from search.exceptions import CaptureBusy, UnsupportedDatabase
from search.mapping.registry import documents
from search.models import Entry
from search.outbox import capture, introspection, triggers
from search.outbox.statements import load_statements
from tests.shop.models import Item, Part
from tests.support import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
ORDERS = {"orders.Order": True, "orders.OrderLine": True}
LABELS = ORDERS | {"shop.Item": True, "shop.Part": True}


@pytest.fixture(autouse=True)
def _installed_again():
    yield
    capture.install()


def drop_one():
    """Drop the trigger that captures changed items."""
    on = " ON shop_item" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER search_capture_shop_item_update{on}")


def test_all_are_there_after_migrate():
    assert capture.status() == LABELS
    assert capture.install() == []


def test_an_absent_trigger_is_seen_and_put_back():
    drop_one()
    assert capture.status() == LABELS | {"shop.Item": False}
    assert capture.install() == ["shop.Item"]
    assert capture.status() == LABELS


def test_unwatched_rows_are_queued():
    items = [Item.objects.create(name=str(number)) for number in range(3)]
    Part.objects.create(item=items[0], name="p")
    drop_one()
    Item.objects.filter(pk=items[0].pk).update(name="unseen")
    Entry.objects.all().delete()
    capture.install()
    assert set(Entry.objects.values_list("key", flat=True)) == {f"shop.Item:{item.pk}" for item in items}


def test_rows_that_were_watched_are_not_queued():
    Item.objects.create(name="a")
    Entry.objects.all().delete()
    call_command("migrate", verbosity=0)
    assert Entry.objects.count() == 0


def test_a_changed_trigger_is_replaced_and_nothing_is_queued(monkeypatch):
    Item.objects.create(name="a")
    Entry.objects.all().delete()
    statements = load_statements(f"capture_{connection.vendor}.sql")
    changed = statements | {"values": statements["values"] + " /* another */"}
    monkeypatch.setattr(triggers, "load_statements", lambda file_name: changed)
    assert capture.status()["shop.Item"] is False
    assert capture.install() == ["orders.Order", "shop.Item"]
    assert capture.status() == LABELS
    assert Entry.objects.count() == 0
    monkeypatch.undo()
    assert capture.install() == ["orders.Order", "shop.Item"]


def migrate_item(old, new):
    """Alter a field of Item as a migration would, with the signals that `migrate` sends."""
    capture.drop_before_migrate(using="default", plan=[(Migration("0002_item", "shop"), False)])
    with connection.schema_editor() as editor:
        editor.alter_field(Item, old, new)


def test_a_table_that_django_remakes_is_watched_again_and_its_rows_are_queued():
    item = Item.objects.create(name="a")
    Entry.objects.all().delete()
    old, new = Item._meta.get_field("name"), models.CharField(max_length=200, null=True)
    new.set_attributes_from_name("name")
    new.model = Item
    migrate_item(old, new)
    Item.objects.filter(pk=item.pk).update(name="b")
    capture.install()
    assert list(Entry.objects.values_list("key", flat=True)) == [f"shop.Item:{item.pk}"]
    Entry.objects.all().delete()
    migrate_item(new, old)
    capture.install()
    assert capture.status() == LABELS
    Part.objects.create(item=item, name="p")
    assert list(Entry.objects.values_list("key", flat=True)) == [f"shop.Item:{item.pk}"]


def test_the_outbox_can_be_remade_and_all_is_watched_again():
    old, new = Entry._meta.get_field("last_error"), models.CharField(max_length=500, default="")
    new.set_attributes_from_name("last_error")
    new.model = Entry
    for before, after in ((old, new), (new, old)):
        capture.drop_before_migrate(using="default", plan=[(Migration("0009_entry", "search"), False)])
        with connection.schema_editor() as editor:
            editor.alter_field(Entry, before, after)
        call_command("migrate", verbosity=0)
    assert capture.status() == LABELS


def test_a_migration_of_another_app_leaves_the_triggers_alone():
    capture.drop_before_migrate(using="default", plan=[(Migration("0013_user", "auth"), False)])
    assert capture.status() == LABELS


def test_a_related_trigger_that_was_absent_queues_every_parent():
    item = Item.objects.create(name="a")
    Entry.objects.all().delete()
    introspection.drop(connection, ["search_capture_shop_part_item_shop_item_delete"])
    assert capture.install() == ["shop.Part"]
    assert list(Entry.objects.values_list("key", flat=True)) == [f"shop.Item:{item.pk}"]


def test_the_triggers_of_a_model_without_a_document_are_dropped(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(triggers, "documents", lambda: [each for each in documents() if each.django.model is Order])
        capture.install()
        Item.objects.create(name="a")
        assert Entry.objects.count() == 0
        assert capture.status() == ORDERS
    assert capture.status() == ORDERS | {"shop.Item": False, "shop.Part": False}


def test_an_installation_that_fails_leaves_no_half(monkeypatch):
    capture.remove()
    Item.objects.create(name="a")
    with monkeypatch.context() as patch:
        failing = load_statements(f"capture_{connection.vendor}.sql") | {
            "queue": "INSERT INTO no_such_table VALUES (1)"
        }
        patch.setattr(triggers, "load_statements", lambda file_name: failing)
        with pytest.raises(DatabaseError, match="no_such_table"):
            capture.install()
    assert introspection.triggers(connection) == {}


def test_remove_leaves_a_database_that_can_be_written_and_install_watches_again():
    capture.remove()
    assert set(capture.status().values()) == {False}
    item = Item.objects.create(name="a")
    assert Entry.objects.count() == 0
    capture.install()
    assert list(Entry.objects.values_list("key", flat=True)) == [f"shop.Item:{item.pk}"]


def test_migrate_search_zero_leaves_orders_that_can_be_written():
    call_command("migrate", "search", "zero", verbosity=0)
    try:
        order = Order.objects.create(order_number="a", customer_name="b", total_amount=1)
        Order.objects.filter(pk=order.pk).update(customer_name="c")
        assert "search_outbox" not in connection.introspection.table_names()
    finally:
        call_command("migrate", verbosity=0)
    assert capture.status() == LABELS
    assert list(Entry.objects.values_list("key", flat=True)) == [f"orders.Order:{order.pk}"]


def test_two_installations_at_once_are_one():
    capture.remove()
    in_threads(*[capture.install] * 3)
    assert capture.status() == LABELS


def test_another_database_is_refused_by_its_name():
    mysql: Any = SimpleNamespace(vendor="mysql")
    with pytest.raises(UnsupportedDatabase, match=r"\(mysql\)"):
        triggers.trigger_plans(mysql)


@pytest.mark.postgres
def test_a_disabled_trigger_is_seen_and_put_back():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shop_item DISABLE TRIGGER search_capture_shop_item_update")
    assert capture.status()["shop.Item"] is False
    capture.install()
    assert capture.status() == LABELS
    item = Item.objects.create(name="a")
    Entry.objects.all().delete()
    Item.objects.filter(pk=item.pk).update(name="b")
    assert Entry.objects.count() == 1


@pytest.mark.postgres
def test_a_busy_table_is_left_as_it_is_and_says_so():
    drop_one()
    locked, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE shop_item IN SHARE MODE")
            locked.set()
            done.wait(10)

    def install():
        locked.wait(10)
        try:
            with pytest.raises(CaptureBusy, match=r"shop\.Item: canceling statement due to lock timeout"):
                capture.install()
            assert capture.status()["shop.Item"] is False
        finally:
            done.set()

    in_threads(hold, install)
