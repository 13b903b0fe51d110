"""Entries that another push has dealt with: a settling delete keeps its wait, a dead letter stays unconfirmed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Order
from search.mapping.keys import Key
from search.models import Entry, EntryState, VersionFloor
from search.outbox import transitions
from search.push.push import push_keys
from search.push.sender import sender
from tests.support import wait_until

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


@pytest.fixture
def order(indices):
    found = Order(order_number="order00001", customer_name="John Doe", total_amount="1.50")
    found.save()
    wait_until(lambda: not Entry.objects.exists())
    return found


@pytest.fixture
def settling(order):
    """The entry of a delete that is confirmed once."""
    order.delete()
    return wait_until(Entry.objects.settling().first)


def test_a_push_before_the_wait_is_over_is_not_a_delete_s_second_confirmation(settling):
    before = Entry.objects.values().get()
    transitions.apply_results(push_keys([settling.key], "default"), "default")
    assert Entry.objects.values().get() == before


def test_a_settling_delete_is_reported_to_the_request_as_indexed(settling):
    assert sender("default").push([settling.key]) is True


def test_a_push_after_the_wait_is_the_second_confirmation(settling):
    Entry.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    transitions.apply_results(push_keys([settling.key], "default"), "default")
    assert not Entry.objects.exists()
    assert VersionFloor.objects.get().version == settling.version


def test_a_dead_letter_is_not_confirmed_to_a_request_that_finds_it_dead(order):
    Order.objects.update(customer_name="Jane Doe")
    Entry.objects.update(state=EntryState.DEAD, attempts=1, last_error="document_parsing_exception: total_amount")
    before = Entry.objects.values().get()
    assert sender("default").push([str(Key.of(order))]) is False
    sender("default").stop()
    assert Entry.objects.values().get() == before
