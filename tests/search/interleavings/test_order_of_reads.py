"""C1: entries, then rows, then targets. Any other order loses a change that comes between two reads."""

import pytest

from order_search.documents import OrderDocument
from orders.models import Order
from search.indices import lifecycle as module
from search.indices import records
from search.models import Entry
from search.outbox.outcomes import Outcome
from search.push.sender import sender
from search.rebuild.backfill import Filler
from tests.factories import OrderFactory
from tests.search.interleavings.ends import assert_quiet, drain_now, outbox_entries
from tests.shop.models import Item, Part
from tests.support import assert_in_step, in_database, in_index

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


def rename(pk, name):
    Order.objects.filter(pk=pk).update(customer_name=name)


def remove(pk):
    Order.objects.filter(pk=pk).delete()


def replace(pk):
    remove(pk)
    OrderFactory.create(pk=pk, customer_name="again")


def test_the_order_of_a_push(indices, push):
    Part.objects.create(item=Item.objects.create(name="a"), name="p")
    late = push(Entry.objects.get().key)
    late.end()
    assert late.steps == ["snapshot", "entries", "rows", "parts", "targets", "released", "send", "record"]
    assert_quiet()


def test_an_insert_between_a_delete_s_entry_and_its_row(order, push, snapshot, engine):
    remove(order.pk)
    late = push(order.pk).until("rows")
    again = OrderFactory.create(pk=order.pk, customer_name="again")
    assert [result.done for result in push(order.pk).end()] == [True]
    (result,) = late.end()
    # The snapshot shows the row gone: a delete, below the insert. Without it the row is there, and is sent again.
    assert (result.entry.deleted, result.outcome) == (True, Outcome.VERSION_CONFLICT if snapshot else Outcome.DONE)
    assert Order.objects.get().version == again.version
    assert_quiet()
    # Rows before entries would have sent this delete: the row absent, the version from the insert's entry.
    engine.delete(
        index=OrderDocument._index._name, id=str(order.pk), version=again.version, version_type="external_gte"
    )
    assert (in_index(OrderDocument), outbox_entries()) == ({}, {})


@pytest.mark.parametrize("step", ["entries", "rows", "targets", "send", "record"])
def test_a_change_at_any_step_is_not_confirmed_by_it(indices, push, snapshot, step):
    changes = {OrderFactory.create(customer_name="first").pk: change for change in (rename_second, remove, replace)}
    drain_now()
    for pk in changes:
        rename(pk, "pushed")
    late = push(*changes).until(step)
    for pk, change in changes.items():
        change(pk)
    newer = {key: version for key, (version, _) in outbox_entries().items()}
    late.end()
    if step != "entries":  # what it reads afterwards is all new
        assert {key: version for key, (version, _) in outbox_entries().items()} == newer
    assert_quiet()


def rename_second(pk):
    rename(pk, "second")


def building():
    """Create a second target, recorded and filled as by a rebuild. Return its name."""
    name = module.create_physical_index(OrderDocument)
    records.record_building(OrderDocument, name, "default")
    filler = Filler(OrderDocument, name, "default")
    filler.fill(filler.rows(), None, lambda last_pk, progress: None)
    return name


def test_a_row_that_comes_after_the_backfill_has_passed_reaches_both(order, push, snapshot):
    """If the targets were read before the entries, the second index would not have the row after the swap."""
    absent = order.pk + 1
    late = push(absent).until("entries")
    second = building()
    OrderFactory.create(pk=absent)
    assert [result.done for result in late.end()] == [True]
    assert outbox_entries() == {}
    assert_in_step()
    assert_in_step(second)


def test_a_target_recorded_while_a_push_has_the_row_in_hand(order, push, snapshot):
    """The row was committed before the record, so the backfill brings it; what comes later has its own entry."""
    rename(order.pk, "in hand")
    late = push(order.pk).until("targets")
    second = building()
    rename(order.pk, "later")
    late.end()
    assert_quiet()
    assert_in_step(second)


def test_targets_are_not_kept_between_two_pushes_of_a_process(order):
    rename(order.pk, "before")
    assert sender("default").push([f"orders.Order:{order.pk}"]) is True
    second = building()
    rename(order.pk, "after")
    assert sender("default").push([f"orders.Order:{order.pk}"]) is True
    assert in_index(OrderDocument, second) == in_index(OrderDocument) == in_database(OrderDocument)
