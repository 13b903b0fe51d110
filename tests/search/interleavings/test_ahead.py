"""C4: a 409 confirms nothing; where the index is ahead for a wrong reason (a restore), the row goes above it."""

import pytest

from order_search.documents import OrderDocument
from orders.models import Order
from search.drift.compare import Comparison
from search.drift.repair import repair
from search.models import Entry
from search.outbox import capture
from search.outbox.outcomes import Outcome
from tests.search.interleavings.ends import assert_quiet, drain_now, outbox_entries
from tests.search.interleavings.rebuilding import live
from tests.search.interleavings.restore import backup, restore
from tests.support import assert_in_step, in_database, in_index

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


def key(order):
    return f"orders.Order:{order.pk}"


def drifted():
    name = live()
    return list(Comparison(OrderDocument, name, "default").differences())


def repair_all():
    return repair(OrderDocument, live(), drifted(), "default")


def capture_again(order):
    """Create an entry of the row's own version, as `populate` or a lost confirmation would leave it."""
    capture.touch(Order, [order.pk])


def test_a_rightful_409_changes_nothing(order, push):
    """The newer change was pushed first, and has been confirmed by its own entry."""
    Order.objects.update(customer_name="second")
    late = push(order.pk).until("send")
    Order.objects.update(customer_name="third")
    push(order.pk).end()
    (result,) = late.end()
    assert (result.outcome, outbox_entries()) == (Outcome.VERSION_CONFLICT, {})
    version = Order.objects.get().version
    assert in_index(OrderDocument)[str(order.pk)][0] == version == result.combined.version
    assert_quiet()


def test_a_restored_row_below_its_document(order, push, caplog):
    """The index holds the lost history: the row is raised above it, and then sent."""
    saved = backup()
    Order.objects.update(customer_name="lost", version=order.version + 10**9)
    drain_now()
    ahead = Order.objects.get().version
    restore(saved)
    capture_again(order)
    (result,) = push(order.pk).end()
    assert (result.outcome, result.combined.version) == (Outcome.VERSION_CONFLICT, ahead)
    assert f"{key(order)}: the index is ahead at version {ahead}; raising the row above it" in caplog.messages
    assert Order.objects.get().version == ahead + 1
    assert outbox_entries() == {key(order): (ahead + 1, "pending")}
    assert_quiet()


@pytest.mark.real
def test_a_restored_row_below_its_tombstone(order, push):
    """Taken as done, the 409 would leave the row missing until Elasticsearch forgets the delete."""
    saved = backup()
    Order.objects.update(customer_name="lost", version=order.version + 10**9)
    gone = order.version + 10**9 + 1
    Order.objects.all().delete()
    drain_now()
    restore(saved)
    assert (outbox_entries(), in_index(OrderDocument)) == ({}, {})
    capture_again(order)
    late = push(order.pk).until("record")
    assert late.results[0].combined == late.results[0].combined._replace(outcome=Outcome.VERSION_CONFLICT, version=gone)
    assert in_index(OrderDocument) == {}
    late.end()
    assert outbox_entries() == {key(order): (gone + 1, "pending")}
    assert_quiet()


@pytest.mark.real
def test_pushed_again_without_being_raised_a_409_stays_one(order, push, monkeypatch):
    """Kept waiting alone it would never end while the tombstone lives."""
    saved = backup()
    Order.objects.update(customer_name="lost", version=order.version + 10**9)
    Order.objects.all().delete()
    drain_now()
    restore(saved)
    capture_again(order)
    for _ in range(3):
        late = push(order.pk).until("record")
        assert late.results[0].outcome is Outcome.VERSION_CONFLICT
        late.results.clear()  # nothing is written down
        late.end()
    assert [state for _, state in outbox_entries().values()] == ["pending"]
    assert_quiet()


def test_a_delete_below_the_document(order, push):
    """The row is gone, so that its entry goes above the index."""
    saved = backup()
    Order.objects.update(customer_name="lost", version=order.version + 10**9)
    drain_now()
    restore(saved)
    Order.objects.all().delete()
    push(order.pk).end()
    assert outbox_entries() == {key(order): (order.version + 10**9 + 1, "pending")}
    assert_quiet()
    assert in_index(OrderDocument) == {}


def test_a_409_whose_entry_was_replaced_raises_nothing(order, push):
    """The index is ahead of what was read, but a newer change has come, which will find out for itself."""
    saved = backup()
    Order.objects.update(customer_name="lost", version=order.version + 10**9)
    drain_now()
    restore(saved)
    capture_again(order)
    late = push(order.pk).until("record")
    Order.objects.update(customer_name="newer")
    newer, version = outbox_entries(), Order.objects.get().version
    late.end()
    assert (outbox_entries(), Order.objects.get().version) == (newer, version)
    assert_quiet()


def test_a_push_of_the_lost_history_that_arrives_after_the_repair(order, push):
    """Why pushers stop, and the grace period passes, before a repair: drift sees only what has arrived."""
    saved = backup()
    Order.objects.update(customer_name="lost", version=order.version + 10**9)
    late = push(order.pk).until("send")
    restore(saved)
    assert drifted() == []
    late.end()
    assert Entry.objects.count() == 0
    assert in_index(OrderDocument) != in_database(OrderDocument)
    assert repair_all() == 1
    assert_in_step()
    assert_quiet()


def test_a_sender_that_slept_through_the_wait_sends_nothing(order, push, settings):
    """With the wait the lost history cannot arrive: its rows are too old to send."""
    saved = backup()
    Order.objects.update(customer_name="lost", version=order.version + 10**9)
    late = push(order.pk).until("send")
    restore(saved)
    settings.SEARCH_DELETE_GRACE_PERIOD = 1e-6
    (result,) = late.end()
    assert (result.outcome, result.error) == (Outcome.RETRY, "rows too old to send")
    assert_in_step()
    assert_quiet()
