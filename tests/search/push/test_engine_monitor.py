"""The engine monitor: what it reports to the breaker, and how often it checks capture."""

import pytest
from elasticsearch import ConnectionTimeout

from search.outbox.outcomes import ActionResult, Outcome, PushResult
from search.push.breaker import BreakerState
from search.push.engine_monitor import CAPTURE_CHECK_INTERVAL, EngineMonitor
from tests.search.outbox_help import entry_snapshot


class Clock:
    """A clock that the test sets."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Ping:
    """Stands for the ping: raises what the test sets."""

    raises = None

    def __call__(self, timeout):
        if self.raises:
            raise self.raises


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ping():
    return Ping()


@pytest.fixture
def monitor(clock, ping):
    return EngineMonitor("default", ping=ping, clock=clock)


def result(outcome, error=""):
    return PushResult(entry_snapshot("a"), ActionResult(outcome, error), False)


@pytest.mark.parametrize(
    ("error", "state"), [(ConnectionTimeout("silent"), "open"), (OSError(), "closed"), (None, "closed")]
)
def test_only_a_silent_engine_opens_the_breaker_by_a_ping(monitor, ping, error, state):
    ping.raises = error
    monitor.ping()
    assert monitor.breaker.state == state


def test_a_probe_waits_for_its_time_and_closes_the_breaker(monitor, clock, ping):
    monitor.breaker.failed(timed_out=True)
    monitor.probe()
    assert (monitor.available, monitor.wait_timeout()) == (False, 1.0)
    clock.now += 1.0
    ping.raises = OSError()
    monitor.probe()
    assert monitor.breaker.state is BreakerState.OPEN
    clock.now += 1.0
    ping.raises = None
    monitor.probe()
    assert monitor.available


def test_results_are_reported_to_the_breaker(monitor):
    monitor.report([result(Outcome.DONE), result(Outcome.UNREACHABLE, "ConnectionError")])
    assert monitor.breaker.failures == 1
    monitor.report([result(Outcome.SETTLING)])  # nothing was sent
    assert monitor.breaker.failures == 1
    monitor.report([result(Outcome.RETRY)])
    assert monitor.breaker.failures == 0
    monitor.report([result(Outcome.UNREACHABLE, "ConnectionTimeout")])
    assert not monitor.available


def test_capture_is_checked_every_30_seconds_once_it_is_installed(monitor, clock, monkeypatch, caplog):
    checks, installed = [], {"shop.Item": False}
    monkeypatch.setattr("search.outbox.capture.status", lambda using: checks.append(using) or installed)
    assert [monitor.check_capture(), monitor.check_capture()] == [False, False]
    installed["shop.Item"] = True
    assert [monitor.check_capture(), monitor.check_capture()] == [True, True]
    assert len(checks) == 3
    clock.now += CAPTURE_CHECK_INTERVAL
    assert monitor.check_capture()
    assert len(checks) == 4
    assert {record.levelname for record in caplog.records} == {"ERROR"}
