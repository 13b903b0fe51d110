"""Capture on PostgreSQL: other roles, TRUNCATE, and the races that versions decide."""

import subprocess
import threading

import pytest
from django.db import connection, transaction

from search.mapping.keys import Key
from search.models import Entry
from tests.roles import psql, role
from tests.shop.models import Item, Part
from tests.support import in_threads, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def sql(text, values=None):
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall() if cursor.description else []


def entry(pk):
    return Entry.objects.filter(key=str(Key("shop.Item", str(pk)))).values_list("version", "deleted").first()


@pytest.fixture
def clerk():
    """A role that may write items and nothing else."""
    with role("shop_item") as name:
        yield name


def test_another_roles_psql_is_captured_though_it_may_not_write_the_outbox(clerk):
    psql(clerk, "INSERT INTO shop_item (id, name, version) VALUES (gen_random_uuid(), 'theirs', 0)")
    item = Item.objects.get(name="theirs")
    assert entry(item.pk) == (item.version, False)
    psql(clerk, "UPDATE shop_item SET name = 'changed'")
    assert entry(item.pk)[0] > item.version
    psql(clerk, "DELETE FROM shop_item")
    assert entry(item.pk)[1] is True
    with pytest.raises(subprocess.CalledProcessError):
        psql(clerk, "DELETE FROM search_outbox")


def test_a_search_path_of_another_role_cannot_divert_capture(clerk):
    evil = (
        "CREATE TEMP TABLE search_outbox (LIKE public.shop_item); SET search_path = pg_temp, public; "
        "INSERT INTO public.shop_item (id, name, version) VALUES (gen_random_uuid(), 'theirs', 0)"
    )
    psql(clerk, evil)
    assert entry(Item.objects.get(name="theirs").pk)[1] is False


def test_truncate_deletes_every_row():
    items = [Item.objects.create(name=str(number)) for number in range(3)]
    Entry.objects.all().delete()
    sql("TRUNCATE shop_item CASCADE")
    assert Entry.objects.filter(deleted=True).count() == 3
    assert all(entry(item.pk)[0] > item.version for item in items)


def test_truncating_related_rows_touches_their_parents():
    item = Item.objects.create(name="a")
    Part.objects.create(item=item, name="p")
    Entry.objects.all().delete()
    sql("TRUNCATE shop_part")
    assert entry(item.pk)[1] is False


@pytest.fixture
def late_key():
    """Items whose key is compared at the commit. The table is as it was afterwards: ON CONFLICT takes no such key."""
    own = "ALTER TABLE shop_item ADD CONSTRAINT shop_item_pkey PRIMARY KEY (id)"
    foreign = sql(
        "SELECT format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, "
        "pg_get_constraintdef(oid)) FROM pg_constraint WHERE confrelid = 'shop_item'::regclass",
        [],
    )
    sql("ALTER TABLE shop_item DROP CONSTRAINT shop_item_pkey CASCADE")
    sql(f"{own} DEFERRABLE INITIALLY DEFERRED")
    yield
    sql("ALTER TABLE shop_item DROP CONSTRAINT shop_item_pkey")
    for (statement,) in [(own,), *foreign]:
        sql(statement)


def test_swapped_keys_are_two_changes_and_no_delete(late_key):
    one, two = Item.objects.create(name="one"), Item.objects.create(name="two")
    Entry.objects.all().delete()
    with transaction.atomic():
        sql("UPDATE shop_item SET id = CASE WHEN id = %s THEN %s ELSE %s END", [one.pk, two.pk, one.pk])
    found = {item.pk: (item.version, False) for item in Item.objects.all()}
    assert {one.pk: entry(one.pk), two.pk: entry(two.pk)} == found


def test_update_of_10000_rows_is_one_captured_set():
    Item.objects.bulk_create([Item(name=str(number)) for number in range(10_000)])
    Entry.objects.all().delete()
    Item.objects.update(name="same")
    assert sql(
        "SELECT count(*) FROM shop_item i JOIN search_outbox o ON o.key = 'shop.Item:' || i.id "
        "AND o.version = i.version"
    ) == [(10_000,)]


def test_an_insert_that_waited_for_a_delete_is_above_it():
    """BEFORE INSERT takes its version; the unique index makes it wait; its row is deleted with a higher one."""
    item = Item.objects.create(name="old")
    waiting = threading.Event()

    def delete():
        with transaction.atomic():
            sql("UPDATE shop_item SET name = 'held', version = 9000000000000000 WHERE id = %s", [item.pk])
            sql("DELETE FROM shop_item WHERE id = %s", [item.pk])
            waiting.set()
            wait_until(
                lambda: (
                    sql("SELECT pg_stat_clear_snapshot()")
                    and sql(
                        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                        "AND query LIKE 'INSERT INTO shop_item%%' AND datname = current_database()",
                        [],
                    )
                )
            )

    def insert():
        waiting.wait(10)
        sql("INSERT INTO shop_item (id, name, version) VALUES (%s, 'new', 0)", [item.pk])

    in_threads(delete, insert)
    new = Item.objects.get(pk=item.pk)
    assert (new.name, new.version) == ("new", 9_000_000_000_000_002)
    assert entry(item.pk) == (9_000_000_000_000_002, False)


def test_writers_of_one_row_get_versions_in_the_order_of_their_commits():
    item = Item.objects.create(name="0")
    sql("CREATE TABLE seen (at serial, version bigint)")

    def write():
        for _ in range(40):
            with transaction.atomic():
                Item.objects.filter(pk=item.pk).update(name="x")
                sql("INSERT INTO seen (version) SELECT version FROM shop_item WHERE id = %s", [item.pk])

    try:
        in_threads(*[write] * 4)
        versions = [found for (found,) in sql("SELECT version FROM seen ORDER BY at")]
    finally:
        sql("DROP TABLE seen")
    assert len(versions) == 160
    assert versions == sorted(set(versions))


def test_parts_of_the_same_items_in_opposite_order_do_not_deadlock():
    """One statement locks the parents in key order, whatever the order of its rows."""
    items = sorted((Item.objects.create(name=name) for name in "ab"), key=lambda item: item.pk)
    for item in items:
        Part.objects.create(item=item, name="p")

    def write(order):
        for _ in range(30):
            Part.objects.bulk_create([Part(item=item, name="n") for item in order])

    in_threads(lambda: write(items), lambda: write(items[::-1]))
    assert Part.objects.count() == 122


def test_a_repeatable_read_transaction_is_captured_too():
    item = Item.objects.create(name="a")
    Entry.objects.all().delete()
    with transaction.atomic():
        sql("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        Item.objects.filter(pk=item.pk).update(name="b")
    item.refresh_from_db()
    assert entry(item.pk) == (item.version, False)
