"""What Prometheus is shown: outbox and relays as they are, counts and times as pushes happen."""

from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client import REGISTRY, CollectorRegistry

from orders.models import Order
from search import metrics
from search.models import Entry, RelayProcess
from search.outbox.outcomes import Outcome
from search.push.breaker import Breaker
from search.push.relay import Relay
from tests.search.outbox_help import age, make, pushed

STATES = ("closed", "open", "half_open")


def value(name, registry=REGISTRY, **labels):
    return registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def scraped():
    found = CollectorRegistry()
    found.register(metrics.OutboxCollector())
    return found


@pytest.fixture
def keys(transactional_db, settings):
    settings.SEARCH_PUSH = "off"
    return make(3)


def test_an_empty_outbox_is_shown_as_such(db, scraped):
    for state in ("pending", "settling", "dead"):
        assert scraped.get_sample_value("search_outbox_entries", {"state": state}) == 0
        assert scraped.get_sample_value("search_outbox_oldest_seconds", {"state": state}) == 0
    assert scraped.get_sample_value("search_relays_alive") == 0
    assert scraped.get_sample_value("search_relay_heartbeat_timestamp_seconds") is None


def test_depth_and_age_by_state(keys, scraped):
    age(keys[0], 600)
    Entry.objects.filter(key=keys[2]).update(state="dead")
    assert [value("search_outbox_entries", scraped, state=s) for s in ("pending", "settling", "dead")] == [2, 0, 1]
    assert 600 <= value("search_outbox_oldest_seconds", scraped, state="pending") < 660
    assert 59 <= value("search_outbox_oldest_seconds", scraped, state="dead") < 120


def test_relays_that_beat_lately_and_the_last_beat_of_all(db, scraped):
    now = timezone.now()
    for name, seconds in (("a:1", 5), ("b:2", 20), ("c:3", 40)):
        RelayProcess.objects.create(name=name, heartbeat_at=now - timedelta(seconds=seconds))
    assert value("search_relays_alive", scraped) == 2
    last = value("search_relay_heartbeat_timestamp_seconds", scraped)
    assert last == pytest.approx((now - timedelta(seconds=5)).timestamp())


def test_outcomes_are_counted_and_lag_is_that_of_what_is_confirmed_first(keys):
    before = {outcome: value("search_push_outcomes_total", outcome=outcome) for outcome in ("done", "retry")}
    count, total = value("search_commit_to_confirmed_seconds_count"), value("search_commit_to_confirmed_seconds_sum")
    Entry.objects.filter(key=keys[1]).update(state="settling")
    metrics.observe([pushed(keys[0]), pushed(keys[1]), pushed(keys[2], Outcome.RETRY)])
    assert value("search_push_outcomes_total", outcome="done") == before["done"] + 2
    assert value("search_push_outcomes_total", outcome="retry") == before["retry"] + 1
    assert value("search_commit_to_confirmed_seconds_count") == count + 1
    assert 59 < value("search_commit_to_confirmed_seconds_sum") - total < 120


def test_the_breakers_state():
    breaker = Breaker()
    for move, state in (
        (lambda: None, "closed"),
        (lambda: breaker.failed(timed_out=True), "open"),
        (lambda: setattr(breaker, "probe_at", 0.0) or breaker.begin_probe(), "half_open"),
        (breaker.succeeded, "closed"),
    ):
        move()
        assert {each: value("search_breaker_state", state=each) for each in STATES} == {
            each: float(each == state) for each in STATES
        }


@pytest.mark.engine
@pytest.mark.conformance
def test_sizes_and_times_of_bulks(indices):
    names = ("search_bulk_documents", "search_bulk_bytes", "search_bulk_seconds")
    counts = {name: value(f"{name}_count") for name in names}
    documents, size = value("search_bulk_documents_sum"), value("search_bulk_bytes_sum")
    Order.objects.bulk_create([Order(order_number=str(n), customer_name="a", total_amount=1) for n in range(3)])
    Relay().drain()
    assert {name: value(f"{name}_count") - counts[name] for name in names} == dict.fromkeys(names, 1)
    assert value("search_bulk_documents_sum") == documents + 3
    assert value("search_bulk_bytes_sum") > size + 300
