"""Whatever writes a row, the database notes it, in the same transaction, with a version that only grows."""

import io
import json
import time
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F

from orders.models import Order
from search.mapping.keys import Key
from search.models import Entry, VersionFloor
from search.outbox import capture
from tests.shop.models import Item, Part

pytestmark = pytest.mark.django_db(transaction=True)
FUTURE = 9_000_000_000_000_000  # microseconds: the year 2255; below 2^53


def entry(row):
    """Return (version, deleted, state) of a row's entry, or None."""
    key = str(Key(row._meta.label, str(row.pk)))
    return Entry.objects.filter(key=key).values_list("version", "deleted", "state").first()


def version(row):
    return type(row).objects.values_list("version", flat=True).get(pk=row.pk)


@pytest.fixture
def item():
    """An item that the index has: nothing of it waits."""
    found = Item.objects.create(name="old")
    Entry.objects.all().delete()
    return found


def save(item):
    item.name = "new"
    item.save()


def update(item):
    Item.objects.filter(pk=item.pk).update(name="new")


def bulk_update(item):
    item.name = "new"
    Item.objects.bulk_update([item], ["name"])


def upsert(item):
    item.name = "new"
    Item.objects.bulk_create([item], update_conflicts=True, unique_fields=["id"], update_fields=["name"])


def raw(item):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE shop_item SET name = 'new'")


def same_value(item):
    Item.objects.filter(pk=item.pk).update(name=F("name"))


@pytest.mark.parametrize("write", [save, update, bulk_update, upsert, raw, same_value])
def test_every_way_to_change_a_row_is_captured(item, write):
    before = version(item)
    write(item)
    after = version(item)
    assert after > before
    assert entry(item) == (after, False, "pending")
    assert Entry.objects.count() == 1


@pytest.mark.parametrize(
    "write",
    [
        lambda: Item.objects.create(name="new"),
        lambda: Item.objects.bulk_create([Item(name="new")]),
        lambda: Item.objects.get_or_create(name="new"),
        lambda: Item.objects.update_or_create(name="new"),
    ],
)
def test_every_way_to_insert_a_row_is_captured(write):
    write()
    found = Item.objects.get(name="new")
    assert found.version > 0
    assert entry(found) == (found.version, False, "pending")


@pytest.mark.parametrize(
    "write", [lambda item: item.delete(), lambda item: Item.objects.all().delete(), lambda item: raw_delete()]
)
def test_every_way_to_delete_a_row_is_captured(item, write):
    before, gone = version(item), Item(pk=item.pk)
    write(item)
    found = entry(gone)
    assert found[1:] == (True, "pending")
    assert found[0] > before


def raw_delete():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM shop_item")


def test_an_integer_key_is_as_python_shows_it():
    order = Order.objects.create(order_number="a", customer_name="b", total_amount=1)
    assert list(Entry.objects.values_list("key", flat=True)) == [f"orders.Order:{order.pk}"]


def test_the_key_of_a_uuid_has_its_dashes():
    item = Item.objects.create(name="a")
    assert list(Entry.objects.values_list("key", flat=True)) == [f"shop.Item:{item.pk}"]
    assert "-" in str(item.pk)


def test_the_version_is_the_microseconds_since_1970():
    item = Item.objects.create(name="a")
    assert abs(version(item) / 1e6 - time.time()) < 5


def test_a_rollback_removes_what_was_noted(item):
    with pytest.raises(RuntimeError), transaction.atomic():
        save(item)
        raise RuntimeError
    assert Entry.objects.count() == 0


def test_a_savepoints_rollback_removes_what_was_noted_inside(item):
    with transaction.atomic():
        kept = Item.objects.create(name="kept")
        with pytest.raises(RuntimeError), transaction.atomic():
            save(item)
            raise RuntimeError
    assert list(Entry.objects.values_list("key", flat=True)) == [str(Key.of(kept))]


def test_do_nothing_on_conflict_captures_nothing(item):
    Item.objects.bulk_create([Item(pk=item.pk, name="other")], ignore_conflicts=True)
    assert Entry.objects.count() == 0


def test_versions_grow_when_the_clock_steps_back(item):
    Item.objects.filter(pk=item.pk).update(version=FUTURE, name="far ahead")
    assert version(item) == FUTURE
    update(item)
    assert version(item) == FUTURE + 1
    item.delete()
    gone = Item(pk=item.pk or Entry.objects.get().key.split(":")[1])
    assert entry(gone) == (FUTURE + 2, True, "pending")


def test_a_stale_instance_cannot_lower_the_version(item):
    update(item)
    newer = version(item)
    item.version = 1
    item.save()
    assert version(item) > newer


def test_a_row_that_comes_again_is_above_its_delete(item):
    key = item.pk
    Item.objects.filter(pk=key).update(version=FUTURE, name="far ahead")
    item.delete()
    again = Item.objects.create(pk=key, name="again")
    assert version(again) == FUTURE + 2
    assert entry(again) == (FUTURE + 2, False, "pending")


def test_a_row_that_comes_again_after_its_entry_has_gone_is_above_the_floor(item):
    VersionFloor.objects.create(model="shop.Item", version=FUTURE)
    again = Item.objects.create(name="again")
    assert version(again) == FUTURE + 1


def test_the_floor_of_one_model_says_nothing_of_another(item):
    VersionFloor.objects.create(model="shop.Item", version=FUTURE)
    order = Order.objects.create(order_number="a", customer_name="b", total_amount=1)
    assert version(order) < FUTURE


def test_a_changed_key_is_a_delete_of_the_old_and_a_change_of_the_new(item):
    old, new = item.pk, uuid4()
    before = version(item)
    Item.objects.filter(pk=old).update(id=new)
    assert entry(Item(pk=old))[1:] == (True, "pending")
    assert entry(Item(pk=old))[0] > before
    assert entry(Item(pk=new)) == (version(Item(pk=new)), False, "pending")


def test_a_key_that_comes_by_a_change_is_above_all_it_ever_was(item):
    other = Item.objects.create(name="other")
    Item.objects.filter(pk=other.pk).update(version=FUTURE, name="far ahead")
    key = other.pk
    other.delete()
    Item.objects.filter(pk=item.pk).update(id=key)
    assert version(Item(pk=key)) > FUTURE + 1
    assert entry(Item(pk=key)) == (version(Item(pk=key)), False, "pending")


def test_a_new_change_resets_the_entry_but_keeps_when_it_began_to_wait(item):
    update(item)
    old = Entry.objects.get()
    Entry.objects.update(
        state="dead", attempts=7, last_error="x", leased_until=old.changed_at, settled_at=old.changed_at
    )
    update(item)
    new = Entry.objects.get()
    assert (new.state, new.attempts, new.last_error, new.leased_until, new.settled_at) == ("pending", 0, "", None, None)
    assert new.first_changed_at == old.first_changed_at
    assert new.changed_at >= old.changed_at
    assert new.token != old.token


def test_a_row_that_comes_again_while_its_delete_settles_begins_to_wait_now(item):
    key = item.pk
    item.delete()
    Entry.objects.update(state="settling", first_changed_at="2001-01-01T00:00:00Z")
    Item.objects.create(pk=key, name="again")
    assert Entry.objects.get().first_changed_at.year > 2001


def test_a_related_row_touches_its_parent(item):
    def touched(write):
        before = version(item)
        Entry.objects.all().delete()
        write()
        assert entry(item) == (version(item), False, "pending")
        assert version(item) > before

    touched(lambda: Part.objects.create(item=item, name="a"))
    touched(lambda: Part.objects.update(name="b"))
    touched(lambda: Part.objects.all().delete())


def test_a_related_row_that_moves_touches_both_parents(item):
    other = Item.objects.create(name="other")
    part = Part.objects.create(item=item, name="a")
    Entry.objects.all().delete()
    Part.objects.filter(pk=part.pk).update(item=other)
    assert set(Entry.objects.values_list("key", flat=True)) == {str(Key.of(item)), str(Key.of(other))}


def test_a_deleted_parent_with_related_rows_is_deleted(item):
    Part.objects.create(item=item, name="a")
    key = item.pk
    item.delete()
    assert entry(Item(pk=key))[1:] == (True, "pending")


@pytest.mark.postgres
def test_many_related_rows_in_one_statement_touch_their_parent_once(item):
    before = version(item)
    Item.objects.filter(pk=item.pk).update(version=FUTURE, name="far ahead")
    Part.objects.bulk_create([Part(item=item, name=str(number)) for number in range(1000)])
    assert before < FUTURE
    assert version(item) == FUTURE + 1


def test_dumpdata_and_loaddata_bring_rows_and_capture_them(item, tmp_path):
    saved = tmp_path / "shop.json"
    with saved.open("w") as stream:
        call_command("dumpdata", "shop", "search", stdout=stream)
    assert {row["model"] for row in json.loads(saved.read_text())} == {"shop.item"}
    key = item.pk
    item.delete()
    call_command("loaddata", str(saved), verbosity=0)
    assert entry(Item(pk=key)) == (version(Item(pk=key)), False, "pending")


def test_entries_can_be_dumped_and_loaded(item):
    update(item)
    stream = io.StringIO()
    call_command("dumpdata", "search.entry", stdout=stream)
    (found,) = json.loads(stream.getvalue())
    assert found["pk"] == str(Key.of(item))


def test_touch_captures_rows_in_versions_above(item):
    assert capture.touch(Item, [item.pk, uuid4()], above=FUTURE) == 1
    assert version(item) == FUTURE + 1
    assert entry(item) == (FUTURE + 1, False, "pending")


def test_touch_changes_nothing_but_the_version(item):
    capture.touch(Item, [item.pk])
    assert Item.objects.get(pk=item.pk).name == "old"
    assert entry(item) == (version(item), False, "pending")
