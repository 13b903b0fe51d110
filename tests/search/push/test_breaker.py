"""The breaker's states; its clock is the test's."""

import pytest

from search.push import breaker as module
from search.push.breaker import Breaker, BreakerState


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


def failed(times):
    breaker = Breaker()
    for _ in range(times):
        breaker.failed()
    return breaker


def test_it_opens_after_three_failures_in_a_row(clock):
    assert failed(2).closed
    assert failed(3).state is BreakerState.OPEN


def test_a_success_starts_the_count_anew(clock):
    breaker = failed(2)
    breaker.succeeded()
    breaker.failed()
    assert breaker.closed


def test_one_timeout_opens_it(clock):
    breaker = Breaker()
    breaker.failed(timed_out=True)
    assert breaker.state is BreakerState.OPEN


def test_one_probe_at_a_time_and_not_before_its_time(clock):
    breaker = failed(3)
    assert not breaker.take_probe()
    clock[0] += 1.0
    assert [breaker.take_probe(), breaker.take_probe()] == [True, False]
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.failed()
    assert breaker.state is BreakerState.OPEN
    assert not breaker.take_probe()


def test_a_good_probe_closes_it(clock):
    breaker = failed(3)
    clock[0] += 1.0
    breaker.take_probe()
    breaker.succeeded()
    assert breaker.closed


def test_reopening_soon_doubles_the_wait_up_to_eight_seconds(clock):
    breaker, waits = failed(3), []
    for _ in range(5):
        waits.append(breaker.probe_at - clock[0])
        clock[0] = breaker.probe_at
        breaker.take_probe()
        breaker.succeeded()
        breaker.failed(timed_out=True)
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0]


def test_the_log_has_a_line_for_each_change_not_for_each_request(clock, caplog):
    breaker = failed(10)
    for _ in range(3):
        clock[0] += 1.0
        breaker.take_probe()
        breaker.failed()
    clock[0] += 1.0
    breaker.take_probe()
    breaker.succeeded()
    assert [record.getMessage() for record in caplog.records] == ["circuit breaker open", "circuit breaker closed"]
