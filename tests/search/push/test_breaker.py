"""The states of the circuit breaker."""

import pytest

from search.push.breaker import Breaker, BreakerState


class Clock:
    """A clock that the test sets."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def failed(times, clock):
    breaker = Breaker(clock)
    for _ in range(times):
        breaker.failed()
    return breaker


def test_it_opens_after_three_failures_in_a_row(clock):
    assert failed(2, clock).closed
    assert failed(3, clock).state is BreakerState.OPEN


def test_a_success_resets_the_count(clock):
    breaker = failed(2, clock)
    breaker.succeeded()
    breaker.failed()
    assert breaker.closed


def test_one_timeout_opens_it(clock):
    breaker = Breaker(clock)
    breaker.failed(timed_out=True)
    assert breaker.state is BreakerState.OPEN


def test_one_probe_at_a_time_and_not_before_its_time(clock):
    breaker = failed(3, clock)
    assert not breaker.begin_probe()
    clock.now += 1.0
    assert [breaker.begin_probe(), breaker.begin_probe()] == [True, False]
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.failed()
    assert breaker.state is BreakerState.OPEN
    assert not breaker.begin_probe()


def test_a_good_probe_closes_it(clock):
    breaker = failed(3, clock)
    clock.now += 1.0
    breaker.begin_probe()
    breaker.succeeded()
    assert breaker.closed


def test_reopening_soon_doubles_the_wait_up_to_eight_seconds(clock):
    breaker, waits = failed(3, clock), []
    for _ in range(5):
        waits.append(breaker.probe_at - clock.now)
        clock.now = breaker.probe_at
        breaker.begin_probe()
        breaker.succeeded()
        breaker.failed(timed_out=True)
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0]


def test_the_log_has_a_line_for_each_change_not_for_each_request(clock, caplog):
    breaker = failed(10, clock)
    for _ in range(3):
        clock.now += 1.0
        breaker.begin_probe()
        breaker.failed()
    clock.now += 1.0
    breaker.begin_probe()
    breaker.succeeded()
    assert [record.getMessage() for record in caplog.records] == ["circuit breaker open", "circuit breaker closed"]
