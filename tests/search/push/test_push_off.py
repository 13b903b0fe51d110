"""SEARCH_PUSH=off: changes are captured, and nothing of this service pushes them until it is lifted."""

import pytest

from orders.models import Order
from search.models import Entry, RelayProcess
from search.push.freshness import ensure_fresh
from search.push.relay import Relay
from tests.support import assert_in_step

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


@pytest.fixture
def pending_change(indices, settings):
    """A change that is not pushed."""
    settings.SEARCH_PUSH = "off"
    Order.objects.create(order_number="order00001", customer_name="John Doe", total_amount="1.50")
    assert Entry.objects.pending().count() == 1


def test_a_running_relay_pushes_nothing_until_push_is_on_again(pending_change, settings):
    relay = Relay()
    assert relay.step() == 0
    assert (Entry.objects.pending().count(), RelayProcess.objects.count()) == (1, 1)
    settings.SEARCH_PUSH = "async"
    assert relay.step() == 1
    assert_in_step()


def test_draining_by_hand_pushes_all_the_same(pending_change):
    Relay().drain()
    assert Entry.objects.count() == 0
    assert_in_step()


def test_a_fresh_search_pushes_nothing_and_says_so(pending_change):
    assert str(ensure_fresh()) == "no; pending=1"
    assert Entry.objects.pending().count() == 1
