"""`manage.py search_dead_letters`, with documents that the engine rejected."""

import json
from uuid import UUID

import pytest
from django.utils import timezone

from order_search.documents import OrderDocument
from search.models import Entry, VersionFloor
from search.push.relay import Relay
from tests.search.engine_help import make_orders
from tests.search.management.running import Ran, fault, run
from tests.shop.documents import ItemDocument
from tests.shop.models import Item
from tests.support import in_index

pytestmark = [pytest.mark.engine, pytest.mark.conformance]
SECRET = "Jane Doe's name"
WHY = "document_parsing_exception: name"
KEYS = [f"shop.Item:{UUID(int=number)}" for number in (1, 2, 3)]


def make_dead(*numbers):
    """Create items whose names the index rejects, and push them."""
    Item.objects.bulk_create(Item(id=UUID(int=number), name=SECRET) for number in numbers)
    Relay().drain()
    assert Entry.objects.dead().count() == len(numbers)


@pytest.fixture
def dead(refusing):
    """Two dead letters, from 04:25 and 04:26."""
    make_dead(1, 2)
    for minute, key in enumerate(KEYS[:2], start=25):
        moment = timezone.now().replace(2026, 11, 24, 4, minute, 0, 0)
        Entry.objects.filter(key=key).update(first_changed_at=moment)


def indexed_ids():
    return set(in_index(ItemDocument))


def test_list_without_any(indices):
    assert run("search_dead_letters", "list") == Ran(0, "0 dead\n")
    assert run("search_dead_letters", "list", "--json") == Ran(0, "[]\n")


def test_list_has_a_line_each_with_the_cause_and_never_the_value(dead):
    lines = [f"{KEYS[0]}  2026-11-24 04:25:00  {WHY}", f"{KEYS[1]}  2026-11-24 04:26:00  {WHY}", "2 dead", ""]
    assert run("search_dead_letters", "list") == Ran(0, "\n".join(lines))


def test_list_as_json(dead):
    ran = run("search_dead_letters", "list", "--json")
    entries = json.loads(ran.output)
    assert (ran.code, [entry["key"] for entry in entries]) == (0, KEYS[:2])
    assert {entry["last_error"] for entry in entries} == {WHY}
    assert SECRET not in ran.output


def test_show_prints_every_field(dead):
    entry = Entry.objects.get(key=KEYS[1])
    expected = [
        f"key: {KEYS[1]}",
        f"version: {Item.objects.get(pk=UUID(int=2)).version}",
        "deleted: False",
        f"token: {entry.token}",
        "state: dead",
        "first_changed_at: 2026-11-24 04:26:00+00:00",
        f"changed_at: {entry.changed_at}",
        f"retry_at: {entry.retry_at}",
        f"attempts: {entry.attempts}",
        "leased_until: None",
        "settled_at: None",
        f"last_error: {WHY}",
        "",
    ]
    assert run("search_dead_letters", "show", KEYS[1]) == Ran(0, "\n".join(expected))


def test_show_as_json(dead):
    ran = run("search_dead_letters", "show", KEYS[1], "--json")
    [entry] = json.loads(ran.output)
    assert (ran.code, entry["key"], entry["state"], entry["last_error"]) == (0, KEYS[1], "dead", WHY)
    assert set(entry) == {field.name for field in Entry._meta.fields}


def test_show_all_is_the_oldest_first(dead):
    ran = run("search_dead_letters", "show", "--all", "--json")
    assert [entry["key"] for entry in json.loads(ran.output)] == KEYS[:2]


def test_replay_pushes_again_and_a_rejected_document_is_dead_again(dead):
    assert run("search_dead_letters", "replay", KEYS[0]) == Ran(0, "1 to be pushed again\n")
    assert set(Entry.objects.values_list("key", "state")) == {(KEYS[0], "pending"), (KEYS[1], "dead")}
    Relay().drain()
    assert set(Entry.objects.values_list("key", "state")) == {(KEYS[0], "dead"), (KEYS[1], "dead")}


def test_replay_all_reaches_a_rebuilt_index(dead):
    assert run("search_index", "--rebuild", "--models", "shop").code == 0
    assert run("search_dead_letters", "replay", "--all", "--json") == Ran(0, '{\n  "replayed": 2\n}\n')
    Relay().drain()
    assert Entry.objects.count() == 0
    assert indexed_ids() == {str(UUID(int=1)), str(UUID(int=2))}


def test_discard_deletes_the_entry_and_the_next_change_is_pushed(dead):
    version = Entry.objects.get(key=KEYS[0]).version
    assert run("search_dead_letters", "discard", KEYS[0]) == Ran(0, "1 discarded\n")
    assert list(Entry.objects.values_list("key", flat=True)) == [KEYS[1]]
    assert VersionFloor.objects.get(model="shop.Item").version >= version  # a later row of this key goes above it
    Item.objects.filter(pk=UUID(int=1)).update(name="2026-01-01")
    Relay().drain()
    assert indexed_ids() == {str(UUID(int=1))}


def test_discard_all_as_json(dead):
    assert run("search_dead_letters", "discard", "--all", "--json") == Ran(0, '{\n  "discarded": 2\n}\n')
    assert Entry.objects.count() == 0


def test_discard_all_keeps_pending_entries(dead):
    Item.objects.bulk_create([Item(id=UUID(int=3), name="2026-01-01")])
    run("search_dead_letters", "discard", "--all")
    assert list(Entry.objects.values_list("key", "state")) == [(KEYS[2], "pending")]


def test_a_row_repaired_in_the_database_replaces_its_dead_letter_by_itself(dead):
    Item.objects.filter(pk=UUID(int=1)).update(name="2026-01-01")
    assert list(Entry.objects.dead().values_list("key", flat=True)) == [KEYS[1]]
    Relay().drain()
    assert indexed_ids() == {str(UUID(int=1))}
    assert list(Entry.objects.values_list("key", "state")) == [(KEYS[1], "dead")]


def test_a_row_deleted_from_the_database_replaces_its_dead_letter_too(dead):
    Item.objects.filter(pk=UUID(int=1)).delete()
    Relay().drain()
    assert set(Entry.objects.values_list("key", "state")) == {(KEYS[0], "settling"), (KEYS[1], "dead")}


def test_other_rows_of_the_same_bulk_are_indexed(refusing):
    Item.objects.bulk_create([Item(id=UUID(int=1), name=SECRET), Item(id=UUID(int=3), name="2026-01-01")])
    Relay().drain()
    assert indexed_ids() == {str(UUID(int=3))}
    assert list(Entry.objects.values_list("key", "last_error")) == [(KEYS[0], WHY)]


def test_a_key_that_is_not_a_dead_letter_changes_nothing(dead):
    Item.objects.bulk_create([Item(id=UUID(int=3), name="2026-01-01")])
    before = list(Entry.objects.order_by("key").values())
    for action in ("show", "replay", "discard"):
        for key in (KEYS[2], "shop.Item:x", "nonsense", "", "orders.Order:1; DROP TABLE"):
            detail = f" ({key})" if key else ""
            ran = run("search_dead_letters", action, KEYS[0], key)
            assert ran == fault(f"No dead letter has this key. See `manage.py search_dead_letters list`.{detail}")
    assert list(Entry.objects.order_by("key").values()) == before


def test_keys_or_all_and_not_both(dead):
    for action in ("show", "replay", "discard"):
        for arguments in ([], [KEYS[0], "--all"]):
            ran = run("search_dead_letters", action, *arguments)
            assert ran == fault("Give the keys of dead letters, or --all.")
    assert Entry.objects.dead().count() == 2


def test_all_of_none(indices):
    for action, said in {"show": "0 dead", "replay": "0 to be pushed again", "discard": "0 discarded"}.items():
        assert run("search_dead_letters", action, "--all") == Ran(0, f"{said}\n")


def test_an_order_that_the_engine_takes_is_no_dead_letter(indices):
    make_orders(1)
    Relay().drain()
    assert len(in_index(OrderDocument)) == 1
    assert run("search_dead_letters", "list") == Ran(0, "0 dead\n")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "the following arguments are required: list|show|replay|discard"),
        (["bury"], "argument list|show|replay|discard: invalid choice: 'bury'"),
        (["list", KEYS[0]], f"unrecognized arguments: {KEYS[0]}"),
        (["list", "--all"], "unrecognized arguments: --all"),
        (["--database", "other", "list"], "argument --database: invalid choice: 'other'"),
    ],
)
def test_invalid_arguments(transactional_db, arguments, problem):
    ran = run("search_dead_letters", *arguments)
    assert (ran.code, ran.output) == (1, "")
    [line] = ran.errors.splitlines()
    assert line.startswith(f"CommandError: {problem}")
