"""C2: a confirmation names the very entry that was read, and a key's version grows whatever the clock does."""

from uuid import uuid4

import pytest

from order_search.documents import OrderDocument
from orders.models import Order
from search.models import Entry, VersionFloor
from search.outbox.outcomes import Outcome
from tests.factories import OrderFactory
from tests.search.interleavings.ends import FUTURE, assert_quiet, drain_now, outbox_entries
from tests.support import in_index

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


@pytest.fixture
def ahead(order):
    """An order in the index, of a version that the clock is far behind: as after it has stepped back."""
    Order.objects.update(version=FUTURE, customer_name="far ahead")
    drain_now()
    assert outbox_entries() == {}
    return order


def test_the_clock_steps_back_while_a_delete_is_confirmed(ahead, push):
    """By the clock the insert would be below the delete: refused by the engine, confirmed by the delete's version."""
    ahead_key = f"orders.Order:{ahead.pk}"
    Order.objects.all().delete()
    late = push(ahead.pk).until("record")
    OrderFactory.create(pk=ahead.pk, customer_name="again")
    assert outbox_entries() == {ahead_key: (FUTURE + 2, "pending")}
    (result,) = late.end()
    assert (result.done, result.deleted, result.entry.version) == (True, True, FUTURE + 1)
    assert outbox_entries() == {ahead_key: (FUTURE + 2, "pending")}
    assert_quiet()
    assert in_index(OrderDocument)[str(ahead.pk)][0] == FUTURE + 2


@pytest.mark.real
def test_by_the_clock_alone_the_engine_refuses_the_insert(ahead, push, engine):
    """What the rule is for."""
    Order.objects.all().delete()
    push(ahead.pk).end()
    name = OrderDocument._index._name
    answer = engine.options(ignore_status=409).index(
        index=name, id=str(ahead.pk), document={}, version=FUTURE - 1, version_type="external_gte"
    )
    assert answer.meta.status == 409


def test_a_delete_s_late_confirmation_does_not_take_an_equal_version_for_itself(order, push):
    """Delete and insert that drew the same microsecond: the token tells them apart."""
    Order.objects.update(customer_name="second")
    late = push(order.pk).until("record")
    Entry.objects.update(token=uuid4())
    before = Entry.objects.values().get()
    assert [result.done for result in late.end()] == [True]
    assert Entry.objects.values().get() == before
    assert_quiet()


def test_a_late_delete_arrives_when_the_insert_s_tombstone_has_gone(ahead, push):
    """The token alone would not do: the entry is gone, and the floor alone still knows the delete's version."""
    Order.objects.all().delete()
    late = push(ahead.pk).until("send")
    drain_now()
    drain_now()
    assert outbox_entries() == {}
    assert VersionFloor.objects.get(model="orders.Order").version == FUTURE + 1
    OrderFactory.create(pk=ahead.pk, customer_name="again")
    drain_now()
    assert outbox_entries() == {}
    (result,) = late.end()
    assert result.outcome is Outcome.VERSION_CONFLICT
    assert_quiet()
    assert in_index(OrderDocument)[str(ahead.pk)][0] == FUTURE + 2


def test_a_new_change_after_a_confirmation_has_an_entry_of_its_own(order, push):
    Order.objects.update(customer_name="second")
    first = push(order.pk).until("record")
    second = push(order.pk).until("record")
    first.end()
    Order.objects.update(customer_name="third")
    third = outbox_entries()
    second.end()
    assert outbox_entries() == third != {}
    assert_quiet()
