"""C3: the process's one sender, on real servers: no request is answered `indexed` too early, and nothing blocks it."""

import threading

import pytest

from order_search.documents import OrderDocument
from orders.models import Order
from search.push import actions, bulk
from search.push.sender import sender
from tests.factories import OrderFactory
from tests.search.interleavings.ends import assert_quiet, outbox_entries
from tests.support import in_index, in_threads, wait_until

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


class Gate:
    """Where the sender stands, its rows read, until it is opened."""

    def __init__(self):
        self.reached, self.opened, self.sent = threading.Event(), threading.Event(), []
        self._really = bulk.post_bulk

    def __call__(self, operations, read_at, timeout):
        self.sent.append([operation.key for operation in operations])
        self.reached.set()
        self.opened.wait(30)
        return self._really(operations, read_at, timeout)


@pytest.fixture
def gate(monkeypatch, settings):
    settings.SEARCH_PUSH_TIMEOUT = 20.0  # the gate, not the clock, says how long a bulk takes
    found = Gate()
    monkeypatch.setattr(bulk, "post_bulk", found)
    yield found
    found.opened.set()


def key(order):
    return f"orders.Order:{order.pk}"


def indexed(order):
    return in_index(OrderDocument)[str(order.pk)][1]["customer_name"]


def test_a_change_made_while_its_row_is_being_sent_is_reported_by_the_next_bulk(order, gate):
    """Joining the running bulk, since the key is in it, would tell `indexed` of what it has not read."""
    seen = []

    def first():
        Order.objects.update(customer_name="second")
        assert sender("default").push([key(order)]) is True

    def second():
        gate.reached.wait(30)
        Order.objects.update(customer_name="third")
        assert sender("default").push([key(order)]) is True
        seen.append(indexed(order))

    def opener():
        gate.reached.wait(30)
        wait_until(lambda: sender("default")._queue)
        gate.opened.set()

    in_threads(first, second, opener)
    assert gate.sent == [[key(order)], [key(order)]]
    assert seen == ["third"]
    assert_quiet()


def test_who_gives_up_leaves_the_group_whole(order, gate, settings):
    """A follower's wait ends while a bulk is under way: it needs no leader, and later pushes are served."""
    Order.objects.update(customer_name="second")
    settings.SEARCH_PUSH_TIMEOUT = 0.05
    assert in_threads(*[lambda: sender("default").push([key(order)])] * 3) == [False] * 3
    assert len(outbox_entries()) == 1
    gate.opened.set()
    settings.SEARCH_PUSH_TIMEOUT = 20.0
    Order.objects.update(customer_name="third")
    assert sender("default").push([key(order)]) is True
    assert indexed(order) == "third"
    assert_quiet()


def test_an_exception_in_a_bulk_loses_nothing_and_the_next_is_served(order, monkeypatch, settings):
    settings.SEARCH_PUSH_TIMEOUT = 20.0
    really, failed = actions.read_snapshot, threading.Event()

    def read(keys, using):
        if failed.is_set():
            return really(keys, using)
        failed.set()
        raise RuntimeError("no such luck")

    monkeypatch.setattr(actions, "read_snapshot", read)
    Order.objects.update(customer_name="second")
    assert sender("default").push([key(order)]) is False
    assert list(outbox_entries()) == [key(order)]
    other = OrderFactory.create()
    assert sender("default").push([key(other)]) is True
    assert_quiet()
