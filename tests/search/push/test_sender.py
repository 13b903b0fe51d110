"""The sender: bulks are shared, closed before they are read, and nobody waits longer than the deadline."""

import threading
from time import monotonic, sleep
from types import SimpleNamespace
from uuid import uuid4

import pytest
from elasticsearch import ConnectionError as EngineConnectionError
from elasticsearch import ConnectionTimeout

from search.outbox import transitions
from search.outbox.outcomes import Answer, Outcome
from search.push import sender as module
from search.push.breaker import BreakerState
from search.push.push import Pushed
from search.push.sender import Sender, Ticket
from tests.support import in_threads, wait_until


def pushed(key, outcome=Outcome.DONE, error=""):
    return Pushed(SimpleNamespace(key=key, token=uuid4(), state="pending"), Answer(outcome, error), False)


class Push:
    """Stands for the push: remembers each bulk's keys, and waits in it until it is told to go on."""

    def __init__(self):
        self.bulks = []
        self.timeouts = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.answer = lambda keys: [pushed(key) for key in keys]

    def __call__(self, keys, using, timeout):
        self.timeouts.append(timeout)
        self.bulks.append(set(keys))
        self.go_on.wait(5)
        return self.answer(keys)


@pytest.fixture
def push(monkeypatch):
    found = Push()
    monkeypatch.setattr(module, "push", found)
    monkeypatch.setattr(transitions, "connect", lambda using: None)
    monkeypatch.setattr(transitions, "record", lambda results, using: found.recorded.append(results))
    monkeypatch.setattr(module.capture, "status", lambda using: {"orders.Order": True})
    monkeypatch.setattr(module.AliasGuard, "check", lambda self: True)
    found.recorded = []
    return found


@pytest.fixture
def sender(push):
    found = Sender("default")
    yield found
    push.go_on.set()
    found.stop()


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
    wait_until(lambda: len(sender._waiting) == 3)
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
    wait_until(lambda: sender._waiting)
    push.go_on.set()
    first.join()
    second.join()
    assert push.bulks == [{"a"}, {"a"}]


def test_a_request_is_told_of_its_own_keys_only(sender, push):
    push.answer = lambda keys: [pushed(key, Outcome.RETRY if key == "bad" else Outcome.DONE) for key in keys]
    push.go_on.clear()
    gate = threading.Thread(target=sender.push, args=(["gate"],))
    gate.start()
    wait_until(lambda: push.bulks)

    def let_go():
        wait_until(lambda: len(sender._waiting) == 2)
        push.go_on.set()

    assert in_threads(lambda: sender.push(["good"]), lambda: sender.push(["bad"]), let_go)[:2] == [True, False]
    assert push.bulks[1] == {"good", "bad"}


def test_nobody_waits_beyond_the_deadline_and_the_late_bulk_is_still_written_down(sender, push, settings):
    settings.SEARCH_PUSH_TIMEOUT = 0.2
    push.go_on.clear()
    begun = monotonic()
    assert sender.push(["a"]) is False
    assert 0.2 <= monotonic() - begun < 0.5
    push.go_on.set()
    wait_until(lambda: push.recorded)


def test_what_nobody_waits_for_any_more_is_left_to_the_relay(sender, push, settings):
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


@pytest.mark.parametrize(("looked", "left"), [(0.0, 1.0), (0.5, 0.5), (3.0, module.SHORTEST)])
def test_the_look_before_a_bulk_and_the_bulk_share_one_timeout(sender, push, monkeypatch, looked, left):
    """Else a silent engine opens the breaker only after both, and who waited for a thread waits once more."""
    now = [1000.0]

    def look(agreement):
        now[0] += looked
        return True

    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    monkeypatch.setattr(module.AliasGuard, "check", look)
    assert sender.push(["a"]) is True
    assert push.timeouts == [left]


def recorded(push):
    return [[result.entry.key for result in results] for results in push.recorded]


def in_turn(sender, push, *keys):
    """Push each key in a bulk of its own; whenever one ends the next one waits already."""
    left = list(keys[1:])

    def answer(asked):
        if left:
            sender._waiting.append(Ticket([left.pop(0)]))
        return [pushed(key) for key in asked]

    push.answer = answer
    assert sender.push(keys[:1]) is True
    wait_until(lambda: sum(map(len, push.recorded)) == len(keys))


def test_what_became_of_an_entry_is_written_down_when_nobody_waits(sender, push):
    in_turn(sender, push, "a")
    assert recorded(push) == [["a"]]


def test_while_somebody_waits_several_bulks_are_written_down_at_once(sender, push, monkeypatch):
    monkeypatch.setattr(module, "RECORD_AFTER", 60.0)
    in_turn(sender, push, "a", "b", "c")
    assert recorded(push) == [["a", "b", "c"]]


def test_nothing_is_kept_longer_however_many_wait(sender, push, monkeypatch):
    monkeypatch.setattr(module, "RECORD_AFTER", 0.0)
    in_turn(sender, push, "a", "b", "c")
    assert recorded(push) == [["a"], ["b"], ["c"]]


def test_what_is_asked_for_again_is_written_down_before(sender, push, monkeypatch):
    """Else its entry, which is still there, would be sent again."""
    monkeypatch.setattr(module, "RECORD_AFTER", 60.0)
    in_turn(sender, push, "a", "b", "a")
    assert (push.bulks, recorded(push)) == ([{"a"}, {"b"}, {"a"}], [["a", "b"], ["a"]])


def test_the_end_writes_down_what_is_left(sender, push, monkeypatch):
    monkeypatch.setattr(module, "RECORD_AFTER", 60.0)

    def answer(asked):
        sender._waiting.append(Ticket(["b"]))
        sender._stopping = True
        return [pushed(key) for key in asked]

    push.answer = answer
    assert sender.push(["a"]) is True
    sender._thread.join()
    assert (push.bulks, recorded(push)) == ([{"a"}], [["a"]])


def test_a_key_without_an_entry_was_confirmed_by_another_push(sender, push):
    push.answer = lambda keys: []
    assert sender.push(["a"]) is True


def test_without_the_triggers_nothing_is_called_indexed(sender, push, monkeypatch):
    monkeypatch.setattr(module.capture, "status", lambda using: {"orders.Order": False})
    assert sender.push(["a"]) is False


def test_an_open_breaker_costs_a_request_nothing(sender, push, monkeypatch):
    monkeypatch.setattr(module, "ping", lambda timeout: (_ for _ in ()).throw(OSError()))
    push.answer = lambda keys: [pushed(key, Outcome.UNREACHABLE, "ConnectionTimeout") for key in keys]
    assert sender.push(["a"]) is False
    wait_until(lambda: sender.breaker.state is BreakerState.OPEN)
    begun = monotonic()
    assert [sender.push([str(n)]) for n in range(100)] == [False] * 100
    assert monotonic() - begun < 0.2
    assert push.bulks == [{"a"}]


def test_the_probe_closes_the_breaker_without_any_request(sender, push, monkeypatch, settings):
    settings.SEARCH_BREAKER_RESET_TIMEOUT = 0.05
    monkeypatch.setattr(module, "ping", lambda timeout: None)
    sender.breaker.failed(timed_out=True)
    sender._start()
    wait_until(lambda: sender.breaker.closed)
    assert sender.push(["a"]) is True


class TestWhileNoRequestComes:
    """The engine is looked at, so that no request finds out with its own time that it is silent."""

    @pytest.fixture
    def knocks(self, monkeypatch, settings):
        """Each look at the engine; what it raises is set by the test."""
        settings.SEARCH_BREAKER_RESET_TIMEOUT = 0.02
        found = SimpleNamespace(count=0, raises=None)

        def ping(timeout):
            found.count += 1
            if found.raises:
                raise found.raises

        monkeypatch.setattr(module, "ping", ping)
        return found

    def test_a_silent_engine_opens_the_breaker(self, sender, push, knocks, settings):
        assert sender.push(["a"]) is True
        wait_until(lambda: knocks.count > 1)
        settings.SEARCH_BREAKER_RESET_TIMEOUT = 60.0  # nobody looks whether it is back
        knocks.raises = ConnectionTimeout("silent")
        wait_until(lambda: sender.breaker.state is BreakerState.OPEN)
        begun = monotonic()
        assert sender.push(["b"]) is False
        assert (monotonic() - begun < 0.5, push.bulks) == (True, [{"a"}])

    @pytest.mark.parametrize("error", [EngineConnectionError("refused"), RuntimeError("anything")])
    def test_one_that_refuses_costs_no_time_and_is_left_to_the_push(self, sender, push, knocks, error):
        knocks.raises = error
        assert sender.push(["a"]) is True
        seen = knocks.count
        wait_until(lambda: knocks.count > seen + 5)
        assert (sender.breaker.state, sender.push(["b"])) == (BreakerState.CLOSED, True)

    def test_nobody_looks_before_the_first_request(self, sender, knocks):
        sleep(0.1)
        assert knocks.count == 0


def test_the_thread_ends_when_it_is_stopped_and_starts_again(sender, push):
    assert sender.push(["a"]) is True
    sender.stop()
    assert "search-sender" not in {thread.name for thread in threading.enumerate()}
    assert sender.push(["b"]) is True
