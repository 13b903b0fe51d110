"""The sender: bulks are shared, closed before they are read, and no request waits beyond its deadline."""

import os
import threading
from time import monotonic, sleep

import pytest
from elasticsearch import ConnectionError as EngineConnectionError
from elasticsearch import ConnectionTimeout

from search.outbox.outcomes import ActionResult, Outcome, PushResult
from search.push import sender as module
from search.push.breaker import BreakerState
from search.push.engine_monitor import EngineMonitor
from search.push.sender import PushTicket, Sender
from tests.search.outbox_help import entry_snapshot
from tests.support import in_threads, wait_until


def pushed(key, outcome=Outcome.DONE, error=""):
    return PushResult(entry_snapshot(key), ActionResult(outcome, error), False)


class Push:
    """Stands for push_keys and apply_results: records each bulk's keys, and blocks until the test opens it."""

    def __init__(self):
        self.bulks = []
        self.timeouts = []
        self.applied = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.answer = lambda keys: [pushed(key) for key in keys]

    def __call__(self, keys, using, timeout):
        self.timeouts.append(timeout)
        self.bulks.append(set(keys))
        self.go_on.wait(5)
        return self.answer(keys)

    def apply(self, results, using):
        self.applied.append(results)


class Ping:
    """Stands for the ping: counts the calls; `raises` is set by the test."""

    def __init__(self):
        self.count, self.raises = 0, None

    def __call__(self, timeout):
        self.count += 1
        if self.raises:
            raise self.raises


class Monitor(EngineMonitor):
    """A monitor without the alias check, whose capture check is the test's."""

    captured = True

    def check_aliases(self):
        return True

    def check_capture(self):
        return self.captured


@pytest.fixture
def push():
    return Push()


@pytest.fixture
def ping():
    return Ping()


@pytest.fixture
def make_sender(monkeypatch, push, ping):
    """Make senders, and stop them when the test ends."""
    monkeypatch.setattr("search.push.sender.connect", lambda using: None)
    senders = []

    def make(monitor=None, **options):
        monitor = monitor or Monitor("default", ping=ping)
        senders.append(Sender("default", monitor=monitor, push=push, apply=push.apply, **options))
        return senders[-1]

    yield make
    push.go_on.set()
    for sender in senders:
        sender.stop()


@pytest.fixture
def sender(make_sender):
    return make_sender()


def test_a_push_that_is_confirmed(sender, push):
    assert sender.push(["a", "b"]) is True
    assert push.bulks == [{"a", "b"}]


def test_concurrent_pushes_share_the_next_bulk(sender, push):
    push.go_on.clear()
    first = threading.Thread(target=sender.push, args=(["a"],))
    first.start()
    wait_until(lambda: push.bulks)
    others = [threading.Thread(target=sender.push, args=([key],)) for key in "bcd"]
    for other in others:
        other.start()
    wait_until(lambda: len(sender._queue) == 3)
    push.go_on.set()
    for thread in (first, *others):
        thread.join()
    assert push.bulks == [{"a"}, {"b", "c", "d"}]


def test_a_change_of_a_key_that_is_being_pushed_goes_into_the_next_bulk(sender, push):
    """The running bulk may have read the row before this change."""
    push.go_on.clear()
    first = threading.Thread(target=sender.push, args=(["a"],))
    first.start()
    wait_until(lambda: push.bulks)
    second = threading.Thread(target=sender.push, args=(["a"],))
    second.start()
    wait_until(lambda: sender._queue)
    push.go_on.set()
    first.join()
    second.join()
    assert push.bulks == [{"a"}, {"a"}]


def test_a_request_gets_the_result_of_its_own_keys_only(sender, push):
    push.answer = lambda keys: [pushed(key, Outcome.RETRY if key == "bad" else Outcome.DONE) for key in keys]
    push.go_on.clear()
    gate = threading.Thread(target=sender.push, args=(["gate"],))
    gate.start()
    wait_until(lambda: push.bulks)

    def let_go():
        wait_until(lambda: len(sender._queue) == 2)
        push.go_on.set()

    assert in_threads(lambda: sender.push(["good"]), lambda: sender.push(["bad"]), let_go)[:2] == [True, False]
    assert push.bulks[1] == {"good", "bad"}


def test_no_request_waits_beyond_its_deadline_and_late_results_are_applied(sender, push, settings):
    settings.SEARCH_PUSH_TIMEOUT = 0.2
    push.go_on.clear()
    begun = monotonic()
    assert sender.push(["a"]) is False
    assert 0.2 <= monotonic() - begun < 0.5
    push.go_on.set()
    wait_until(lambda: push.applied)


def test_an_abandoned_ticket_is_left_to_the_relay(sender, push, settings):
    settings.SEARCH_PUSH_TIMEOUT = 0.1
    push.go_on.clear()
    assert [sender.push(["a"]), sender.push(["b"])] == [False, False]
    push.go_on.set()
    settings.SEARCH_PUSH_TIMEOUT = 5.0
    assert sender.push(["c"]) is True
    assert push.bulks == [{"a"}, {"c"}]


def test_an_exception_releases_all_who_wait_and_the_next_push_works(sender, push, caplog):
    def fail(keys):
        raise RuntimeError("no such luck")

    push.answer = fail
    begun = monotonic()
    assert in_threads(*[lambda key=key: sender.push([key]) for key in "abc"]) == [False] * 3
    assert monotonic() - begun < 0.9
    push.answer = lambda keys: [pushed(key) for key in keys]
    assert sender.push(["d"]) is True


@pytest.mark.parametrize(("seconds", "remaining"), [(0.0, 1.0), (0.5, 0.5), (3.0, module.MIN_TIMEOUT)])
def test_the_alias_check_before_a_bulk_and_the_bulk_share_one_timeout(make_sender, push, ping, seconds, remaining):
    """Otherwise a silent engine would open the breaker only after both."""
    now = [1000.0]

    class SlowMonitor(Monitor):
        def check_aliases(self):
            now[0] += seconds
            return True

    monitor = SlowMonitor("default", ping=ping)
    assert make_sender(monitor, clock=lambda: now[0]).push(["a"]) is True
    assert push.timeouts == [remaining]


def applied(push):
    return [[result.entry.key for result in results] for results in push.applied]


def in_turn(sender, push, *keys):
    """Push each key in a bulk of its own; whenever one ends the next one waits already."""
    left = list(keys[1:])

    def answer(asked):
        if left:
            sender._queue.append(PushTicket([left.pop(0)]))
        return [pushed(key) for key in asked]

    push.answer = answer
    assert sender.push(keys[:1]) is True
    wait_until(lambda: sum(map(len, push.applied)) == len(keys))


def test_results_are_applied_when_no_request_waits(sender, push):
    in_turn(sender, push, "a")
    assert applied(push) == [["a"]]


def test_while_requests_wait_results_of_several_bulks_are_applied_at_once(make_sender, push):
    sender = make_sender(apply_within=60.0)
    in_turn(sender, push, "a", "b", "c")
    assert applied(push) == [["a", "b", "c"]]


def test_results_are_applied_in_time_even_if_requests_wait(make_sender, push):
    sender = make_sender(apply_within=0.0)
    in_turn(sender, push, "a", "b", "c")
    assert applied(push) == [["a"], ["b"], ["c"]]


def test_results_of_a_key_are_applied_before_it_is_pushed_again(make_sender, push):
    """Otherwise its entry, which is still there, would be sent again."""
    sender = make_sender(apply_within=60.0)
    in_turn(sender, push, "a", "b", "a")
    assert (push.bulks, applied(push)) == ([{"a"}, {"b"}, {"a"}], [["a", "b"], ["a"]])


def test_results_are_applied_when_the_thread_ends(make_sender, push):
    sender = make_sender(apply_within=60.0)

    def answer(asked):
        sender._queue.append(PushTicket(["b"]))
        sender._stopping = True
        return [pushed(key) for key in asked]

    push.answer = answer
    assert sender.push(["a"]) is True
    sender._thread.join()
    assert (push.bulks, applied(push)) == ([{"a"}], [["a"]])


def test_a_key_without_an_entry_was_confirmed_by_another_push(sender, push):
    push.answer = lambda keys: []
    assert sender.push(["a"]) is True


def test_without_the_triggers_nothing_is_called_indexed(sender, push):
    sender.monitor.captured = False
    assert sender.push(["a"]) is False


def test_an_open_breaker_costs_a_request_nothing(sender, push, ping):
    ping.raises = OSError()
    push.answer = lambda keys: [pushed(key, Outcome.UNREACHABLE, "ConnectionTimeout") for key in keys]
    assert sender.push(["a"]) is False
    wait_until(lambda: sender.monitor.breaker.state is BreakerState.OPEN)
    begun = monotonic()
    assert [sender.push([str(n)]) for n in range(100)] == [False] * 100
    assert monotonic() - begun < 0.2
    assert push.bulks == [{"a"}]


def test_the_probe_closes_the_breaker_without_any_request(sender, push, settings):
    settings.SEARCH_BREAKER_RESET_TIMEOUT = 0.05
    sender.monitor.breaker.failed(timed_out=True)
    sender.start()
    wait_until(lambda: sender.monitor.breaker.closed)
    assert sender.push(["a"]) is True


class TestWhileThereAreNoRequests:
    """Elasticsearch is pinged, so that no request finds out in its own time that it is silent."""

    @pytest.fixture(autouse=True)
    def _ping_often(self, settings):
        settings.SEARCH_BREAKER_RESET_TIMEOUT = 0.02

    def test_a_silent_engine_opens_the_breaker(self, sender, push, ping, settings):
        assert sender.push(["a"]) is True
        wait_until(lambda: ping.count > 1)
        settings.SEARCH_BREAKER_RESET_TIMEOUT = 60.0  # no probe
        ping.raises = ConnectionTimeout("silent")
        wait_until(lambda: sender.monitor.breaker.state is BreakerState.OPEN)
        begun = monotonic()
        assert sender.push(["b"]) is False
        assert (monotonic() - begun < 0.5, push.bulks) == (True, [{"a"}])

    @pytest.mark.parametrize("error", [EngineConnectionError("refused"), RuntimeError("anything")])
    def test_a_refused_connection_is_left_to_the_push(self, sender, push, ping, error):
        ping.raises = error
        assert sender.push(["a"]) is True
        seen = ping.count
        wait_until(lambda: ping.count > seen + 5)
        assert (sender.monitor.breaker.state, sender.push(["b"])) == (BreakerState.CLOSED, True)

    def test_nothing_is_pinged_before_the_first_request(self, sender, ping):
        sleep(0.1)
        assert ping.count == 0


def test_the_thread_ends_when_it_is_stopped_and_starts_again(sender, push):
    assert sender.push(["a"]) is True
    sender.stop()
    assert "search-sender" not in {thread.name for thread in threading.enumerate()}
    assert sender.push(["b"]) is True


def test_a_child_process_has_a_sender_of_its_own():
    parent = module.sender("default")
    assert module.sender("default") is parent
    child = os.fork()
    if not child:
        os._exit(0 if module.sender("default") is not parent else 1)
    assert os.waitpid(child, 0)[1] == 0
