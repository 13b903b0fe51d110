"""`manage.py search_status`: the whole screen and the exit code, in step and for each way of not being in step."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from order_search.documents import OrderDocument
from orders.models import Order
from search.drift.run import check_drift
from search.indices import aliases, records
from search.indices import lifecycle as index_records
from search.models import Entry, EntryState, Index, RelayProcess
from search.outbox import capture, introspection
from search.push.relay import Relay
from tests.search.engine_help import make_orders
from tests.search.management.running import Ran, run
from tests.shop.documents import ItemDocument
from tests.shop.models import Item

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


@pytest.fixture
def in_step(indices):
    """Two orders in the index, no pending entries, a relay with a recent heartbeat."""
    RelayProcess.objects.create(name="host:1")
    make_orders(2)
    Relay().drain()
    return indices


def live(document):
    return records.live_index(aliases.alias_of(document))


def screen(*, verdict="NOT in step", item=(), order=(), outbox="0 pending, 0 settling, 0 dead", end=(), **values):
    """Return the whole screen: in step, except for what the arguments say."""
    shown = {
        "items": f"0 rows, 0 documents in {live(ItemDocument).name}, never compared",
        "orders": f"2 rows, 2 documents in {live(OrderDocument).name}, never compared",
        "push": "sync",
        "relays": "host:1",
    } | values
    lines = [verdict, f"shop.Item: {shown['items']}", *item, f"orders.Order: {shown['orders']}", *order]
    return "\n".join([*lines, f"outbox: {outbox}", f"push: {shown['push']}; relays: {shown['relays']}", *end, ""])


def test_in_step(in_step):
    assert run("search_status") == Ran(0, screen(verdict="in step"))


def test_in_step_as_json(in_step):
    Index.objects.filter(pk=live(OrderDocument).pk).update(verified_at=datetime(2026, 11, 24, 4, 25, tzinfo=UTC))
    ran = run("search_status", "--json")
    names = {document: live(document) for document in (ItemDocument, OrderDocument)}
    assert (ran.code, ran.errors) == (0, "")
    assert json.loads(ran.output) == {
        "in_step": True,
        "documents": [
            {
                "document": "shop.Item",
                "alias": names[ItemDocument].alias,
                "index": names[ItemDocument].name,
                "indexed": 0,
                "rows": 0,
                "captured": True,
                "verified_at": None,
                "problems": [],
            },
            {
                "document": "orders.Order",
                "alias": names[OrderDocument].alias,
                "index": names[OrderDocument].name,
                "indexed": 2,
                "rows": 2,
                "captured": True,
                "verified_at": "2026-11-24 04:25:00+00:00",
                "problems": [],
            },
        ],
        "push": "sync",
        "pending": 0,
        "oldest_seconds": 0.0,
        "settling": 0,
        "dead": 0,
        "relays": ["host:1"],
        "problems": [],
    }


def test_pending_entries_and_their_age(in_step):
    Order.objects.update(total_amount=7)
    Entry.objects.filter(key__endswith=f":{Order.objects.latest('pk').pk}").update(
        first_changed_at=timezone.now() - timedelta(seconds=90)
    )
    ran = run("search_status")
    [seconds] = re.findall(r"the oldest for (9\d\.\d) s", ran.output)
    outbox = f"2 pending, the oldest for {seconds} s, 0 settling, 0 dead"
    assert ran == Ran(1, screen(outbox=outbox))


def test_a_settling_delete_is_in_step(in_step):
    Order.objects.all()[0:1].get().delete()
    Relay().drain()
    seen = screen(
        verdict="in step",
        orders=f"1 rows, 1 documents in {live(OrderDocument).name}, never compared",
        outbox="0 pending, 1 settling, 0 dead",
    )
    assert run("search_status") == Ran(0, seen)


def test_a_dead_letter(in_step):
    Order.objects.update(total_amount=7)
    Relay().drain()
    Order.objects.filter(order_number="order00001").update(total_amount=8)
    Entry.objects.update(state=EntryState.DEAD)
    ran = run("search_status")
    outbox = "0 pending, 0 settling, 1 dead\n  ! dead letters: see manage.py search_dead_letters list"
    assert ran == Ran(1, screen(outbox=outbox))


@pytest.mark.parametrize(
    ("trigger", "label"),
    [("shop_item_update", "shop.Item"), ("shop_part_item_shop_item_delete", "shop.Part")],
)
def test_a_trigger_that_is_absent_also_of_a_related_model(in_step, trigger, label):
    introspection.drop(connection, [f"search_capture_{trigger}"])
    try:
        ran = run("search_status")
    finally:
        capture.install()
    assert ran == Ran(1, screen(item=[f"  ! changes of {label} are not captured: run migrate"]))


def test_no_index_at_all(engine, transactional_db):
    RelayProcess.objects.create(name="host:1")
    missing = "0 rows, ? documents in no index, never compared"
    problem = "  ! no live index: run manage.py search_index --create"
    lines = ["NOT in step", f"shop.Item: {missing}", problem, f"orders.Order: {missing}", problem]
    end = ["outbox: 0 pending, 0 settling, 0 dead", "push: sync; relays: host:1", ""]
    assert run("search_status") == Ran(1, "\n".join([*lines, *end]))


def test_an_index_of_other_code(in_step):
    Index.objects.filter(pk=live(OrderDocument).pk).update(fingerprint="another")
    problem = "  ! the live index does not match the code: run manage.py search_index --rebuild"
    assert run("search_status") == Ran(1, screen(order=[problem]))


def test_a_standby_index_of_newer_code(in_step):
    """As a rollback of the index, then of the code, leaves it."""
    own = live(OrderDocument)
    shape = {"alias": own.alias, "state": "standby", "fingerprint": "newer"}
    Index.objects.create(name="standing", replaces=[own.fingerprint], **shape)
    Index.objects.create(name="older", replaces=["before"], **shape)
    problem = (
        "  ! every change stays pending, because the standby index standing was built by newer code: "
        "run manage.py search_index --prune --older-than 1s"
    )
    assert run("search_status") == Ran(1, screen(order=[problem]))


def test_an_alias_that_names_another_index(in_step):
    alias, name = aliases.alias_of(OrderDocument), live(OrderDocument).name
    other = index_records.create_physical_index(OrderDocument)
    actions = [{"remove": {"index": name, "alias": alias}}, {"add": {"index": other, "alias": alias}}]
    in_step.indices.update_aliases(actions=actions)
    problem = "  ! the alias names another index: run manage.py search_index --check"
    assert run("search_status") == Ran(1, screen(order=[problem]))


def test_an_index_that_was_deleted_by_hand(in_step):
    name = live(OrderDocument).name
    in_step.indices.delete(index=name)
    ran = run("search_status")
    lines = ran.output.splitlines()
    assert (ran.code, ran.errors, lines[0]) == (1, "", "NOT in step")
    assert lines[2:4] == [
        f"orders.Order: 2 rows, ? documents in {name}, never compared",
        "  ! the alias names another index: run manage.py search_index --check",
    ]
    assert lines[4].startswith("  ! There is no index yet. Run `manage.py search_index --create`. (")


def test_documents_that_are_lost_without_an_entry(in_step):
    pk = Order.objects.latest("pk").pk
    in_step.delete(index=live(OrderDocument).name, id=str(pk))
    orders = f"2 rows, 1 documents in {live(OrderDocument).name}, never compared"
    problem = "  ! rows and documents differ in number, with no change pending: run manage.py search_drift"
    assert run("search_status") == Ran(1, screen(orders=orders, order=[problem]))


def test_numbers_that_differ_by_a_pending_change_are_not_drift(in_step):
    make_unindexed_orders(1)
    ran = run("search_status")
    assert ran.code == 1
    assert "  ! " not in ran.output


def make_unindexed_orders(count):
    Order.objects.bulk_create(
        Order(order_number=f"unindexed{number}", customer_name="x", total_amount=1) for number in range(count)
    )


def test_numbers_that_differ_where_the_document_leaves_rows_out(in_step, monkeypatch):
    monkeypatch.setattr(OrderDocument, "should_index_object", lambda self, row: row.order_number != "order00001")
    Order.objects.update(total_amount=7)
    Relay().drain()
    orders = f"2 rows, 1 documents in {live(OrderDocument).name}, never compared"
    settling = "0 pending, 1 settling, 0 dead"
    assert run("search_status") == Ran(0, screen(verdict="in step", orders=orders, outbox=settling))


def test_drift_that_the_last_comparison_found_and_left(in_step):
    in_step.delete(index=live(OrderDocument).name, id=str(Order.objects.latest("pk").pk))
    check_drift(OrderDocument)
    index = live(OrderDocument)
    orders = f"2 rows, 1 documents in {index.name}, compared {index.verified_at:%Y-%m-%d %H:%M:%S}"
    problems = [
        "  ! the last comparison left 1 missing: run manage.py search_drift --repair",
        "  ! rows and documents differ in number, with no change pending: run manage.py search_drift",
    ]
    assert run("search_status") == Ran(1, screen(orders=orders, order=problems))
    check_drift(OrderDocument, with_repair=True)
    assert run("search_status").code == 0


@pytest.mark.parametrize("age", [None, 31])
def test_no_relay_with_a_recent_heartbeat(in_step, age):
    RelayProcess.objects.all().delete()
    if age:
        RelayProcess.objects.create(name="dead:1", heartbeat_at=timezone.now() - timedelta(seconds=age))
    end = ["  ! no relay is running: start manage.py search_relay"]
    assert run("search_status") == Ran(1, screen(relays="none", end=end))


def test_capture_only_needs_no_relay(in_step, settings):
    settings.SEARCH_PUSH = "off"
    RelayProcess.objects.all().delete()
    assert run("search_status") == Ran(0, screen(verdict="in step", push="off", relays="none"))


def test_several_relays_by_name(in_step):
    RelayProcess.objects.create(name="host:0")
    assert run("search_status") == Ran(0, screen(verdict="in step", relays="host:0, host:1"))


def test_an_unavailable_engine(in_step, engine_away):
    engine_away()
    ran = run("search_status")
    lines = ran.output.splitlines()
    assert (ran.code, ran.errors, lines[0]) == (1, "", "NOT in step")
    assert lines[1] == f"shop.Item: 0 rows, ? documents in {live(ItemDocument).name}, never compared"
    away = "  ! Elasticsearch does not answer. Start it, or set ELASTICSEARCH_URL to its address. ("
    assert lines[2].startswith(away)
    assert lines[4].startswith(away)
    assert lines[5:] == ["outbox: 0 pending, 0 settling, 0 dead", "push: sync; relays: host:1"]


def test_an_item_of_a_uuid_counts_too(in_step):
    Item.objects.bulk_create([Item(name="a")])
    Relay().drain()
    items = f"1 rows, 1 documents in {live(ItemDocument).name}, never compared"
    assert run("search_status") == Ran(0, screen(verdict="in step", items=items))
