"""C5: a delete is confirmed twice, with a wait from the first confirmation on that outlasts every sender."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from order_search.documents import OrderDocument
from orders.models import Order
from search.models import Entry, VersionFloor
from search.outbox.outcomes import Outcome
from search.push.relay import Relay
from tests.search.interleavings.ends import assert_quiet, drain_now, forget_deletes, outbox_entries
from tests.support import in_index

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


def rename(name):
    Order.objects.update(customer_name=name)


def test_a_late_write_after_a_restart_is_undone_by_the_second_delete(order, push, engine):
    """Confirmed once, the entry would be gone, and the document would stay in the index."""
    rename("late")
    late = push(order.pk).until("send")
    Order.objects.all().delete()
    push(order.pk).end()
    assert [state for _, state in outbox_entries().values()] == ["settling"]
    forget_deletes(engine)
    late.end()
    assert in_index(OrderDocument)[str(order.pk)][1]["customer_name"] == "late"  # until the second
    assert [state for _, state in outbox_entries().values()] == ["settling"]
    assert_quiet()
    assert in_index(OrderDocument) == {}


@pytest.mark.real
def test_without_a_restart_the_tombstone_refuses_the_late_write(order, push):
    rename("late")
    late = push(order.pk).until("send")
    Order.objects.all().delete()
    push(order.pk).end()
    (result,) = late.end()
    assert (result.outcome, in_index(OrderDocument)) == (Outcome.VERSION_CONFLICT, {})
    assert_quiet()


def test_twice_without_the_wait_is_once(order, push, engine):
    """A second push at once, from any process, changes nothing: only the grace period counts."""
    rename("late")
    late = push(order.pk).until("send")
    Order.objects.all().delete()
    push(order.pk).end()
    settling = Entry.objects.values().get()
    push(order.pk).end()
    Relay().drain()
    assert Entry.objects.values().get() == settling
    forget_deletes(engine)
    late.end()
    assert_quiet()


def test_the_wait_counts_from_the_confirmation(order, push, engine):
    """Not from the capture: that may lie an open transaction's time before its commit."""
    rename("late")
    with transaction.atomic():
        Order.objects.all().delete()
        captured = Entry.objects.get().changed_at
        late = push(order.pk).until("send")  # sees the row: nothing is committed
        Entry.objects.update(changed_at=captured - timedelta(hours=1), first_changed_at=captured - timedelta(hours=1))
    sent = timezone.now() - timedelta(milliseconds=2)  # SQLite keeps milliseconds
    push(order.pk).end()
    entry = Entry.objects.get()
    assert entry.settled_at is not None
    assert (entry.state, entry.settled_at >= sent) == ("settling", True)
    assert entry.retry_at - entry.settled_at >= timedelta(seconds=59.9)
    Relay().drain()
    forget_deletes(engine)
    late.end()
    assert Entry.objects.get().state == "settling"
    assert_quiet()


def test_two_pushers_that_send_the_first_delete_are_one_confirmation(order, push, engine):
    """What the entry was when it was *read* decides: the other's confirmation does not make this the second."""
    rename("late")
    late = push(order.pk).until("send")
    Order.objects.all().delete()
    first, second = push(order.pk).until("send"), push(order.pk).until("send")
    first.end()
    settling = Entry.objects.values().get()
    second.end()
    assert Entry.objects.values().get() == settling
    assert settling["state"] == "settling"
    forget_deletes(engine)
    late.end()
    assert_quiet()


def test_the_second_confirmation_raises_the_floor(order, push):
    Order.objects.all().delete()
    push(order.pk).end()
    (version, _) = outbox_entries()[f"orders.Order:{order.pk}"]
    drain_now()
    assert (outbox_entries(), VersionFloor.objects.get(model="orders.Order").version) == ({}, version)
    assert_quiet()


def test_a_sender_that_is_slower_than_the_wait_reads_again(order, push, engine, settings):
    """Both deletes are confirmed and forgotten; what it has read before them is not sent any more."""
    rename("late")
    late = push(order.pk).until("send")
    Order.objects.all().delete()
    drain_now()
    drain_now()
    assert outbox_entries() == {}
    forget_deletes(engine)
    settings.SEARCH_DELETE_GRACE_PERIOD = 1e-6
    (result,) = late.end()
    assert (result.outcome, result.error) == (Outcome.RETRY, "rows too old to send")
    assert in_index(OrderDocument) == {}
    assert_quiet()


def test_sent_all_the_same_it_would_be_an_orphan(order, push, engine):
    """What is left to drift: a sender frozen for longer than the wait, past its last look at the clock."""
    rename("late")
    late = push(order.pk).until("send")
    Order.objects.all().delete()
    drain_now()
    drain_now()
    forget_deletes(engine)
    late.end()
    assert list(in_index(OrderDocument)) == [str(order.pk)]
    assert outbox_entries() == {}


def test_a_row_that_comes_again_while_its_delete_settles(order, push):
    """The second delete does not confirm the entry, which is the insert's by then."""
    Order.objects.all().delete()
    push(order.pk).end()
    second = push(order.pk).until("send")
    Order.objects.create(pk=order.pk, order_number="again", customer_name="again", total_amount=1)
    second.end()
    assert [state for _, state in outbox_entries().values()] == ["pending"]
    assert_quiet()
    assert in_index(OrderDocument)[str(order.pk)][1]["customer_name"] == "again"
