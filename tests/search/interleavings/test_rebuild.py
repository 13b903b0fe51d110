"""C6: a rebuild under writes: what is read before the record, claimed across the swap, or open all the while."""

import threading

import pytest
from django.db import transaction
from elasticsearch import NotFoundError

from order_search.documents import OrderDocument
from orders.models import Order
from search.exceptions import RebuildIncomplete, RebuildLost
from search.indices import aliases, records, swap
from search.indices import lifecycle as module
from search.models import Index, IndexState
from search.outbox.outcomes import Outcome
from search.rebuild import rebuild
from search.rebuild.backfill import Filler
from tests.search.interleavings.ends import assert_quiet, outbox_entries
from tests.search.interleavings.rebuilding import ALIAS, STANDBY, begin, fill, finish, live, named
from tests.support import assert_in_step, in_database, in_index, in_threads

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


@pytest.fixture(autouse=True)
def _no_wait(settings):
    """The old index goes at once: no request is under way here."""
    settings.SEARCH_PUSH_TIMEOUT = 0.01


def rename(order, name):
    Order.objects.filter(pk=order.pk).update(customer_name=name)


def test_a_push_that_read_the_targets_before_the_record(order, push):
    """It sends after the backfill has passed: the row was committed before both, so the backfill has it."""
    rename(order, "second")
    late = push(order.pk).until("send")
    index = begin()
    fill(index)
    (result,) = late.end()
    assert result.done
    finish(index)
    assert live() == index.name
    assert_quiet()


def test_a_change_after_those_reads_has_an_entry_of_its_own(order, push):
    rename(order, "second")
    late = push(order.pk).until("send")
    rename(order, "third")
    index = begin()
    fill(index)
    rename(order, "fourth")
    late.end()
    assert set(outbox_entries()) == {f"orders.Order:{order.pk}"}
    finish(index)
    assert_quiet()


def test_entries_claimed_across_swap_and_rollback(order, push):
    """They go to the old index alone, which stands by; the new one has them from the backfill."""
    old = live()
    rename(order, "second")
    late = push(order.pk).until("send")
    new = rebuild.rebuild(OrderDocument, options=STANDBY).name
    assert [result.done for result in late.end()] == [True]
    assert in_index(OrderDocument, old) == in_index(OrderDocument, new) == in_database(OrderDocument)
    swap.rollback(ALIAS)
    assert live() == old
    assert_quiet()


@pytest.mark.postgres
def test_a_transaction_that_is_open_all_the_while(order, push):
    """Begun before the record, and committed when the old index is gone: its push reads the targets after that."""
    changed, rebuilt = threading.Event(), threading.Event()

    def write():
        with transaction.atomic():
            rename(order, "second")
            changed.set()
            assert rebuilt.wait(30)

    def build():
        assert changed.wait(30)
        try:
            return rebuild.rebuild(OrderDocument).name
        finally:
            rebuilt.set()

    _, new = in_threads(write, build)
    assert live() == new
    push(order.pk).end()
    assert outbox_entries() == {}
    assert_in_step()


def test_a_snapshot_older_than_the_record_would_miss_a_change(order, push, monkeypatch):
    """What the rule is for: the change is pushed before the new index is a target, and the old chunk after it."""
    name = module.new_index_name(ALIAS)
    monkeypatch.setattr(module, "new_index_name", lambda alias: name)
    filler = Filler(OrderDocument, name, "default")
    chunk = filler.read(filler.rows().order_by("pk"), None)
    rename(order, "second")
    push(order.pk).end()
    index = begin()
    assert chunk is not None
    filler.send(chunk, lambda: None)
    with pytest.raises(RebuildIncomplete, match=f"1 differ: {order.pk} stale"):
        rebuild.verify(OrderDocument, index, "default")


@pytest.mark.real  # the embedded engine makes it
def test_a_record_before_the_index_would_find_none(order, push, engine):
    """What the order of make and record is for. The template at least lets no push make it, with a guessed mapping."""
    name = module.new_index_name(ALIAS)
    records.record_building(OrderDocument, name, "default")
    rename(order, "second")
    (result,) = push(order.pk).end()
    assert (result.outcome, engine.indices.exists(index=name).body) == (Outcome.RETRY, False)
    assert set(outbox_entries()) == {f"orders.Order:{order.pk}"}
    Index.objects.filter(name=name).delete()
    assert_quiet()


def test_a_record_before_the_swap_would_let_the_searched_index_fall_behind(order, push, engine):
    """What their order is for: a change between the two is confirmed, and not found."""
    index = begin()
    fill(index)
    records.record_live(ALIAS, index.name, "default")
    rename(order, "second")
    (result,) = push(order.pk).end()
    assert result.done
    assert named(engine) != [index.name]
    assert in_index(OrderDocument) != in_database(OrderDocument)


def test_a_change_between_swap_and_record_reaches_what_is_searched(order, push, engine):
    """As it is: the new index is still a target, as the one that is being built."""
    old, index = live(), begin()
    fill(index)
    swap.swap(ALIAS, old, index.name)
    assert (named(engine), live()) == ([index.name], old)
    rename(order, "second")
    (result,) = push(order.pk).end()
    assert result.done
    assert_in_step()
    assert_in_step(old)
    aliases.sync_records_with_alias(ALIAS, "default")
    assert (live(), Index.objects.get(name=old).state) == (index.name, IndexState.RETIRED)
    assert_quiet()


class TestZombie:
    """A rebuild that was taken for dead wakes up."""

    def test_it_cannot_swap_what_another_has_swapped(self, order, push, engine):
        """It names the index that it wants to replace, which the alias no longer names."""
        first, zombie = live(), begin()
        fill(zombie)
        second = module.create_physical_index(OrderDocument)
        swap.swap(ALIAS, first, second)
        with pytest.raises(NotFoundError):
            swap.swap(ALIAS, first, zombie.name)
        assert named(engine) == [second]

    def test_it_finds_at_the_latest_before_the_swap_that_it_has_been_taken_over(self, order, engine):
        old, zombie = live(), begin()
        Index.objects.filter(name=zombie.name).update(owner="another")
        with pytest.raises(RebuildLost):
            finish(zombie)
        assert (named(engine), live()) == ([old], old)
        assert Index.objects.get(name=zombie.name).owner == "another"

    def test_its_index_was_deleted_by_the_next_rebuild(self, order, engine):
        zombie = begin()
        Index.objects.filter(name=zombie.name).update(heartbeat_at="2000-01-01T00:00:00Z", owner="gone")
        new = rebuild.rebuild(OrderDocument).name
        with pytest.raises(NotFoundError):
            swap.swap(ALIAS, aliases.alias_target(ALIAS), zombie.name)
        assert named(engine) == [new]
