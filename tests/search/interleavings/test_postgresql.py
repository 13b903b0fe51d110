"""PostgreSQL: who waits for whom, who deadlocks, and that a confirmation never takes what it has not read."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

from order_search.documents import OrderDocument
from orders.models import Order
from search.models import Entry
from search.outbox import capture, transitions
from search.outbox.entries import EntrySnapshot, read_entries
from search.outbox.outcomes import ActionResult, Outcome, PushResult
from search.outbox.statements import load_statements
from search.push.push import push_keys
from tests.factories import OrderFactory
from tests.search.interleavings.ends import FUTURE, assert_quiet, drain_now, outbox_entries
from tests.search.interleavings.waits import Session, sql
from tests.shop.documents import ItemDocument
from tests.shop.models import Item, Part
from tests.support import in_index

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.postgres]


def rename(pk: Any, name: str) -> None:
    Order.objects.filter(pk=pk).update(customer_name=name)


def sent() -> list[PushResult]:
    """All that waits, pushed, and not yet written down."""
    results = push_keys(list(outbox_entries()), "default")
    assert all(result.done for result in results)
    return results


def apply(results: list[PushResult]) -> None:
    transitions.apply_results(results, "default")


def confirmed(entry: EntrySnapshot) -> list[PushResult]:
    """Return the results of a push whose targets have accepted this entry."""
    return [PushResult(entry, ActionResult(Outcome.DONE), deleted=False)]


def impatient() -> None:
    """Let this session detect a deadlock first, so that it is the one that is cancelled."""
    sql("SET LOCAL deadlock_timeout = '20ms'")


@pytest.fixture
def waits_for_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The moves without SKIP LOCKED: what the rule is for."""
    plain = {name: text.replace("SKIP LOCKED", "") for name, text in load_statements("outbox_postgresql.sql").items()}
    monkeypatch.setattr(transitions, "load_statements", lambda file_name: plain)


@pytest.fixture
def pair(indices: object) -> tuple[Order, Order]:
    """Two orders that the index has."""
    found = OrderFactory.create(customer_name="a"), OrderFactory.create(customer_name="b")
    drain_now()
    return found


# Versions and waiting writers


@pytest.mark.parametrize("last", ["update", "delete"])
def test_a_writer_that_waited_is_above_the_one_it_waited_for(order: Order, push: Any, last: str) -> None:
    """The trigger sees the newest row once the lock is free, also where the clock is far behind."""
    Order.objects.update(customer_name="far ahead", version=FUTURE)

    def second() -> None:
        rename(order.pk, "second") if last == "update" else Order.objects.filter(pk=order.pk)._raw_delete("default")

    with transaction.atomic():
        rename(order.pk, "first")
        session = Session(second)
        session.waits('%"orders_order"%')
    session.result()
    assert outbox_entries() == {f"orders.Order:{order.pk}": (FUTURE + 2, "pending")}
    assert_quiet()


# A confirmation and a writer of the same entry


def test_a_confirmation_does_not_wait_for_a_writer_and_takes_nothing(order: Order) -> None:
    rename(order.pk, "pushed")
    results = sent()
    with transaction.atomic():
        rename(order.pk, "newer")
        Session(lambda: apply(results)).result()
    assert Entry.objects.get().token != results[0].entry.token
    assert_quiet()


def test_a_confirmation_that_waited_looks_at_the_token_again(order: Order, waits_for_locks: None) -> None:
    rename(order.pk, "pushed")
    results = sent()
    with transaction.atomic():
        rename(order.pk, "newer")
        session = Session(lambda: apply(results))
        session.waits("%DELETE FROM search_outbox%")
    session.result()
    assert Entry.objects.get().token != results[0].entry.token
    assert_quiet()


def test_a_confirmation_that_a_rolled_back_writer_kept_from_its_entry_is_made_again(order: Order) -> None:
    rename(order.pk, "pushed")
    results = sent()
    with transaction.atomic():
        rename(order.pk, "rolled back")
        Session(lambda: apply(results)).result()
        transaction.set_rollback(True)
    assert Entry.objects.get().token == results[0].entry.token
    assert_quiet()


def test_a_writer_that_waited_for_a_confirmation_records_its_change_again(order: Order) -> None:
    """Only while the confirmation is not committed: each is one statement, committed by itself."""
    rename(order.pk, "pushed")
    results = sent()
    with transaction.atomic():
        apply(results)
        session = Session(lambda: rename(order.pk, "newer"))
        session.waits("UPDATE%orders_order%")
    session.result()
    found = Entry.objects.get()
    assert (found.version, found.token != results[0].entry.token) == (Order.objects.get().version, True)
    assert_quiet()


@pytest.mark.parametrize(
    "transition", ["confirm", "settle", "delete_settled", "postpone", "mark_dead", "raise_version"]
)
def test_no_move_leaves_a_lock(pair: tuple[Order, Order], transition: str) -> None:
    """A transaction left open would hold up the writer of the same row."""
    key = f"orders.Order:{pair[0].pk}"
    rename(pair[0].pk, "pushed")
    if transition == "delete_settled":
        Entry.objects.update(state="settling")
    values = {"settle": {"grace_period": 60.0}}
    columns: dict[str, dict[str, Any]] = {
        "postpone": {"delay": 0.0, "attempts": 1, "error": ""},
        "mark_dead": {"error": ""},
        "raise_version": {"version": 1},
    }
    entry = {"key": key, "token": Entry.objects.get(key=key).token.hex}
    transitions._execute("default", transition, values.get(transition), [entry | columns.get(transition, {})])
    assert connection.get_autocommit()
    Session(lambda: (sql("SET lock_timeout = '1ms'"), rename(pair[0].pk, "newer"))).result()
    assert_quiet()


@pytest.mark.slow
def test_1500_updates_against_two_confirmers(order: Order) -> None:
    """Whatever is confirmed, the last version either waits or was the one confirmed."""
    key, seen = f"orders.Order:{order.pk}", []
    writer = Session(lambda: [rename(order.pk, str(number)) for number in range(1500)])

    def confirm_on() -> None:
        while writer.is_alive():
            for entry in read_entries([key], "default"):
                row = Order.objects.values_list("version", flat=True).get()  # read after the entry, as a push does
                apply(confirmed(entry))
                seen.append(row)

    confirmers = [Session(confirm_on), Session(confirm_on)]
    for session in (writer, *confirmers):
        session.result()
    last = Order.objects.get().version
    assert len(seen) > 10
    assert outbox_entries() == {key: (last, "pending")} or (outbox_entries(), max(seen)) == ({}, last)
    capture.touch(Order, [order.pk])
    assert_quiet()


# Deadlocks


@pytest.mark.parametrize("skips", [True, False], ids=["SKIP LOCKED", "waits"])
def test_a_confirmation_of_entries_against_a_writer_of_the_same(
    pair: tuple[Order, Order], request: pytest.FixtureRequest, skips: bool
) -> None:
    """The writer begins in the middle: whichever way a confirmation that waits goes, it holds one that is needed."""
    if not skips:
        request.getfixturevalue("waits_for_locks")
    first, middle, last = (*pair, OrderFactory.create())
    Order.objects.update(customer_name="pushed")
    results = sent()

    def patient() -> None:
        sql("SET deadlock_timeout = '10s'")
        apply(results)

    def write() -> None:
        with transaction.atomic():
            impatient()
            rename(middle.pk, "newer")
            sessions.append(Session(patient))
            if skips:
                sessions[0].result()
            else:
                sessions[0].waits("%DELETE FROM search_outbox%")
            rename(first.pk, "newer")
            rename(last.pk, "newer")

    sessions: list[Session] = []
    if skips:
        write()
        assert len(outbox_entries()) == 3
    else:  # the writer is the one that is killed
        with pytest.raises(OperationalError) as error:
            write()
        assert isinstance(error.value.__cause__, DeadlockDetected)
        sessions[0].result()
    assert_quiet()


@pytest.mark.parametrize("alone", [True, False], ids=["one transaction a row", "one for all"])
def test_a_repair_of_two_rows_against_a_writer_of_both(pair: tuple[Order, Order], alone: bool) -> None:
    """A repair that held one row while it waits for the next could get the writer killed."""
    first, second = sorted(pair, key=lambda order: order.pk)

    def repair() -> int:
        sql("SET deadlock_timeout = '10s'")
        if alone:
            return capture.touch(Order, [first.pk, second.pk])
        with transaction.atomic():
            return capture.touch(Order, [first.pk, second.pk])

    def write() -> None:
        with transaction.atomic():
            impatient()
            rename(second.pk, "newer")
            sessions.append(Session(repair))
            sessions[0].waits("UPDATE%orders_order%")
            rename(first.pk, "newer")

    sessions: list[Session] = []
    if alone:
        write()
    else:
        with pytest.raises(OperationalError) as error:
            write()
        assert isinstance(error.value.__cause__, DeadlockDetected)
    assert sessions[0].result() == 2
    assert_quiet()


# Related rows


def test_two_transactions_that_touch_two_parents_in_opposite_order(indices: object) -> None:
    """Four different parts, yet a deadlock: by their parents. The loser leaves nothing, and may come again."""
    one, two = Item.objects.create(name="one"), Item.objects.create(name="two")
    for item in (one, two):
        Part.objects.bulk_create([Part(item=item, name="left"), Part(item=item, name="right")])
    drain_now()

    def write(side: str, items: tuple[Item, Item], timeout: str, between: Any = lambda: None) -> None:
        with transaction.atomic():
            sql(f"SET LOCAL deadlock_timeout = '{timeout}'")
            Part.objects.filter(item=items[0], name=side).update(name=f"{side} changed")
            between()
            Part.objects.filter(item=items[1], name=side).update(name=f"{side} changed")

    sessions: list[Session] = []

    def other() -> None:
        sessions.append(Session(lambda: write("right", (two, one), "10s")))
        sessions[0].waits("UPDATE%shop_part%")

    with pytest.raises(OperationalError) as error:
        write("left", (one, two), "20ms", other)
    assert isinstance(error.value.__cause__, DeadlockDetected)
    sessions[0].result()
    drain_now()
    parts = [source["parts"] for _, source in in_index(ItemDocument).values()]
    assert parts == [["left", "right changed"]] * 2
    write("left", (one, two), "1s")
    assert_quiet()


def test_two_new_parts_of_one_item(indices: object) -> None:
    """The second waits for the first one's commit: no deadlock, and the document has both."""
    item = Item.objects.create(name="one")
    with transaction.atomic():
        Part.objects.create(item=item, name="first")
        session = Session(lambda: Part.objects.create(item=item, name="second"))
        session.waits("INSERT%shop_part%")
    session.result()
    assert_quiet()
    assert next(iter(in_index(ItemDocument).values()))[1]["parts"] == ["first", "second"]


# Writes that an ordinary trigger would miss


def test_a_changed_key_takes_the_old_document_away(indices: object) -> None:
    item, key = Item.objects.create(name="one"), uuid4()
    drain_now()
    Item.objects.filter(pk=item.pk).update(id=key)
    assert sorted(outbox_entries()) == sorted([f"shop.Item:{item.pk}", f"shop.Item:{key}"])
    assert_quiet()
    assert list(in_index(ItemDocument)) == [str(key)]


def test_truncate_takes_every_document_away(pair: tuple[Order, Order]) -> None:
    sql("TRUNCATE orders_order CASCADE")
    assert_quiet()
    assert in_index(OrderDocument) == {}


def test_a_savepoint_s_rollback_waits_for_nothing(order: Order) -> None:
    with transaction.atomic():
        with transaction.atomic():
            rename(order.pk, "rolled back")
            transaction.set_rollback(True)
        assert outbox_entries() == {}
    assert_quiet()


def test_on_conflict_do_update_is_indexed_and_do_nothing_is_nothing(order: Order) -> None:
    insert = (
        "INSERT INTO orders_order (id, order_number, customer_name, total_amount) VALUES (%s, 'other', 'other', 1) "
        "ON CONFLICT (id) DO "
    )
    sql(f"{insert} NOTHING", [order.pk])
    assert outbox_entries() == {}
    sql(f"{insert} UPDATE SET customer_name = excluded.customer_name", [order.pk])
    assert outbox_entries() == {f"orders.Order:{order.pk}": (Order.objects.get().version, "pending")}
    assert Order.objects.get().version > order.version
    assert_quiet()
    assert in_index(OrderDocument)[str(order.pk)][1]["customer_name"] == "other"
