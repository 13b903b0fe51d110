"""C6: a rebuild that is killed at any step: what is searched stays whole, and what comes after it ends well."""

from datetime import timedelta

import pytest

from order_search.documents import OrderDocument
from orders.models import Order
from search.exceptions import NothingToResume, RebuildIncomplete
from search.indices import catalog, records
from search.indices import lifecycle as module
from search.push import bulk
from search.rebuild import rebuild
from search.rebuild.backfill import Filler, Progress
from search.rebuild.rebuild import Options
from tests.factories import OrderFactory
from tests.search.interleavings.ends import assert_quiet, drain_now
from tests.search.interleavings.rebuilding import killed, live, named
from tests.support import assert_in_step

pytestmark = [pytest.mark.engine, pytest.mark.slow]
ROWS = 12
CHUNKS = Options(workers=1, batch_size=2, smallest_range=4)
# Each with the place where it is, whether the kill comes before or after it, and the call of it that is the last.
STEPS = {
    "nothing is done": (module, "create_physical_index", "before", 1),
    "made, not recorded": (module, "create_physical_index", "after", 1),
    "recorded": (records, "record_building", "after", 1),
    "cut into ranges": (rebuild, "split_into_ranges", "after", 1),
    "the second chunk is read": (Filler, "read", "after", 2),
    "the second chunk is lost": (bulk, "post_bulk", "before", 2),
    "the second chunk's answer is lost": (bulk, "post_bulk", "after", 2),
    "filled": (rebuild, "verify", "before", 1),
    "verified": (rebuild, "verify", "after", 1),
    "about to be swapped": (rebuild, "swap", "before", 1),
    "swapped, not recorded": (rebuild, "swap", "after", 1),
    "recorded as live": (records, "record_live", "after", 1),
    "about to clear up": (rebuild, "cleanup", "before", 1),
}


@pytest.fixture(autouse=True)
def _small_ranges(settings):
    """Several ranges of several chunks for a dozen rows."""
    settings.SEARCH_PUSH_TIMEOUT = 0.01


@pytest.fixture
def rows(indices):
    """A dozen orders in step."""
    found = OrderFactory.create_batch(ROWS)
    drain_now()
    return found


def change(rows, push):
    """Create an order, change the first one, delete the last one, and push all three."""
    order = OrderFactory.create()
    Order.objects.filter(pk=rows[0].pk).update(customer_name="changed")
    Order.objects.filter(pk=rows[-1].pk).delete()
    push(order.pk, rows[0].pk, rows[-1].pk).end()


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step(rows, push, engine, step):
    place, name, when, calls = STEPS[step]
    with killed(place, name, when, after_calls=calls):
        rebuild.rebuild(OrderDocument, options=CHUNKS)
    change(rows, push)
    assert_in_step()
    go_on()
    assert named(engine) == [live()]
    assert_quiet()
    catalog.prune(OrderDocument, age=timedelta())  # an index that was made and never recorded is still there
    assert [(one.name, one.state) for one in catalog.catalog(OrderDocument)] == [(live(), "live")]


def go_on():
    """As an operator would."""
    try:
        rebuild.resume(OrderDocument, options=CHUNKS)
    except NothingToResume:
        rebuild.rebuild(OrderDocument, options=CHUNKS)


def test_what_is_confirmed_is_not_sent_again(rows, monkeypatch):
    """Only the chunk whose answer was lost, and what follows it."""
    with killed(bulk, "post_bulk", "after", after_calls=3):
        rebuild.rebuild(OrderDocument, options=CHUNKS)
    sent, really = [], bulk.post_bulk
    monkeypatch.setattr(bulk, "post_bulk", lambda operations, *how: sent.extend(operations) or really(operations, *how))
    rebuild.resume(OrderDocument, options=CHUNKS)
    assert [operation.key for operation in sent] == [f"orders.Order:{order.pk}" for order in rows[4:]]
    assert_in_step()


def hasty(self, rows, after, done):
    """Backfill as before, but save the progress before the engine has responded."""
    while chunk := self.read(rows.order_by("pk"), after):
        after = chunk.last_pk
        done(after, Progress(len(chunk.actions)))
        self.send(chunk, lambda: None)


def test_progress_before_the_answer_would_lose_a_chunk(rows, monkeypatch):
    """What their order is for. The verification names what is lost, and the old index stays."""
    old = live()
    monkeypatch.setattr(Filler, "fill", hasty)
    with killed(bulk, "post_bulk", "before", after_calls=2):
        rebuild.rebuild(OrderDocument, options=CHUNKS)
    with pytest.raises(RebuildIncomplete, match=rf"2 differ: {rows[2].pk} missing, {rows[3].pk} missing"):
        rebuild.resume(OrderDocument, options=CHUNKS)
    assert live() == old
    assert_in_step()
