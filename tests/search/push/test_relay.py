"""The relay: batches, heartbeats, and outages of Elasticsearch and of the database."""

import queue
import threading
from collections import defaultdict
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search.client import client
from search.indices.aliases import AliasGuard
from search.models import Entry, RelayProcess
from search.outbox import transitions
from search.outbox.outcomes import ActionResult, Outcome, PushResult
from search.push import relay as module
from search.push.relay import Relay
from search.push.shutdown import StopRequest
from tests.search.outbox_help import entry_snapshot
from tests.support import assert_in_step, in_index, in_threads, wait_until

REAL = [pytest.mark.engine, pytest.mark.conformance]


class Clock:
    """A clock that the test sets."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


class Pauses(StopRequest):
    """A stop request whose waits call the test instead of sleeping."""

    def __init__(self, on_wait):
        super().__init__()
        self.on_wait = on_wait

    def wait(self, seconds):
        self.on_wait(seconds)


def orders(count):
    """Orders that no receiver pushes."""
    found = [Order(order_number=f"o{number}", customer_name="John", total_amount=1) for number in range(count)]
    Order.objects.bulk_create(found)


def grow_old(seconds=60):
    then = timezone.now() - timedelta(seconds=seconds)
    Entry.objects.update(changed_at=then, retry_at=then)


@pytest.fixture
def running():
    """Runs relays in threads, and stops them when the test ends."""
    relays, threads = [], []

    def start(relay):
        relays.append(relay)
        threads.append(threading.Thread(target=lambda: in_threads(relay.run)))
        threads[-1].start()
        return relay

    yield start
    for relay in relays:
        relay.stop()
    for thread in threads:
        thread.join()


@pytest.fixture
def engine_away(monkeypatch):
    """Lets the engine go away and come back."""
    there, away = client(), Elasticsearch("http://127.0.0.1:9", max_retries=0)
    gone = threading.Event()
    monkeypatch.setattr("search.client.connection.client", lambda: away if gone.is_set() else there)
    return gone


class Plays:
    """Stands for outbox and push: what they give, turn by turn; an exception is raised."""

    def __init__(self, monkeypatch):
        self.claims, self.batches, self.within = [], [], []
        self.answer = ActionResult(Outcome.DONE)
        monkeypatch.setattr(transitions, "connect", lambda using: None)
        monkeypatch.setattr(transitions, "claim", self.claim)
        monkeypatch.setattr(transitions, "apply_results", lambda results, using: None)
        monkeypatch.setattr(module, "build_actions", lambda keys, using: keys)
        monkeypatch.setattr(module, "send_actions", self.send)
        monkeypatch.setattr(Relay, "_send_heartbeat", lambda self: None)
        monkeypatch.setattr(Relay, "_remove_heartbeat", lambda self: None)
        monkeypatch.setattr(AliasGuard, "check", lambda self: True)

    def claim(self, using, *, limit, older=0.0, within=transitions.ANY_AGE):
        self.batches.append(limit)
        self.within.append(within)
        found = self.claims.pop(0) if self.claims else []
        if isinstance(found, BaseException):
            raise found
        return found() if callable(found) else found

    def send(self, keys):
        return [PushResult(entry_snapshot(key), self.answer, False) for key in keys]


@pytest.fixture
def plays(monkeypatch):
    return Plays(monkeypatch)


def responds(timeout):
    """Answer a ping."""


def refuses(timeout):
    raise OSError


class TestBatches:
    """One turn and a drain."""

    pytestmark = REAL

    def test_run_once_pushes_one_batch(self, indices):
        orders(5)
        relay = Relay(batch_size=3)
        assert [relay.run_once(), relay.run_once(), relay.run_once()] == [3, 2, 0]
        assert relay.counts == {"done": 5}
        assert_in_step()

    def test_drain_pushes_all_and_tells_how_far_it_is(self, indices):
        orders(7)
        heard: list[int] = []
        Relay(batch_size=3).drain(heard.append)
        assert heard == [3, 3, 1]
        assert Entry.objects.count() == 0
        assert_in_step()

    def test_drain_ends_when_the_engine_is_away_and_no_attempt_is_counted(self, indices, engine_away):
        orders(2)
        engine_away.set()
        Relay(batch_size=1).drain()
        assert list(Entry.objects.values_list("state", "attempts", "leased_until")) == [("pending", 0, None)] * 2
        engine_away.clear()
        Relay().drain()
        assert_in_step()

    def test_a_delete_is_sent_twice_with_the_wait_between(self, indices):
        orders(1)
        relay = Relay()
        relay.drain()
        Order.objects.all()._raw_delete("default")
        relay.drain()
        assert in_index(OrderDocument) == {}
        assert list(Entry.objects.values_list("state", flat=True)) == ["settling"]
        grow_old()
        relay.drain()
        assert Entry.objects.count() == 0

    def test_a_refused_document_holds_up_no_other_and_is_repaired_by_its_row(self, indices, monkeypatch):
        orders(3)
        bad = Order.objects.earliest("pk").pk
        monkeypatch.setattr(
            OrderDocument,
            "prepare_total_amount",
            lambda self, order: "no number" if order.customer_name == "bad" else order.total_amount,
            raising=False,
        )
        Order.objects.filter(pk=bad).update(customer_name="bad")
        relay = Relay()
        relay.drain()
        assert relay.counts == {"done": 2, "refused": 1}
        assert list(Entry.objects.values_list("state", flat=True)) == ["dead"]
        Order.objects.filter(pk=bad).update(customer_name="good")
        relay.drain()
        assert (Entry.objects.count(), len(in_index(OrderDocument))) == (0, 3)


class TestRun:
    """The loop, with a real engine and database."""

    pytestmark = REAL

    def test_it_pushes_until_it_is_stopped(self, indices, running, settings):
        settings.SEARCH_PUSH = "async"
        relay = running(Relay(poll=0.05))
        orders(3)
        wait_until(lambda: not Entry.objects.exists())
        assert_in_step()
        assert RelayProcess.objects.filter(name=relay.name).exists()
        relay.stop()
        wait_until(lambda: not RelayProcess.objects.exists())

    def test_an_outage_costs_patience_alone(self, indices, running, engine_away, settings, caplog):
        caplog.set_level("INFO", "search.push.relay")
        settings.SEARCH_PUSH = "async"
        engine_away.set()
        orders(3)
        running(Relay(poll=0.05, outage_poll=0.05))
        wait_until(lambda: any("does not answer" in record.getMessage() for record in caplog.records))
        assert list(Entry.objects.values_list("state", "attempts")) == [("pending", 0)] * 3
        engine_away.clear()
        wait_until(lambda: not Entry.objects.exists())
        assert_in_step()
        said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert said == ["the engine does not answer (ConnectionError); waiting for it", "the engine is back"]

    def test_in_sync_mode_the_request_goes_first(self, indices, running, settings):
        settings.SEARCH_PUSH, settings.SEARCH_PUSH_TIMEOUT = "sync", 30.0
        orders(2)
        old = Order.objects.earliest("pk")
        then = timezone.now() - timedelta(seconds=60)
        Entry.objects.filter(key=f"orders.Order:{old.pk}").update(changed_at=then, retry_at=then)
        relay = running(Relay(poll=0.05))
        wait_until(lambda: relay.counts["done"] == 1)
        assert list(in_index(OrderDocument)) == [str(old.pk)]
        settings.SEARCH_PUSH = "async"
        wait_until(lambda: not Entry.objects.exists())

    def test_a_killed_relays_entries_are_another_ones_when_its_lease_ends(self, indices, running, settings):
        settings.SEARCH_PUSH, settings.SEARCH_RELAY_LEASE = "async", 1.0
        orders(3)
        assert len(transitions.claim("default", limit=2)) == 2  # by one that dies now
        relay = running(Relay(poll=0.05))
        wait_until(lambda: relay.counts["done"] == 1)
        wait_until(lambda: relay.counts["done"] == 3)
        assert_in_step()

    @pytest.mark.postgres
    def test_a_lost_database_connection_heals(self, indices, running, settings, caplog, monkeypatch):
        settings.SEARCH_PUSH = "async"
        backend = []
        claim = transitions.claim

        def remember(*args, **values):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                backend.append(cursor.fetchone()[0])
            return claim(*args, **values)

        monkeypatch.setattr(transitions, "claim", remember)
        running(Relay(poll=0.05, outage_poll=0.05))
        first = wait_until(lambda: backend and backend[0])
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [first])
        wait_until(lambda: backend[-1] != first)
        orders(2)
        wait_until(lambda: not Entry.objects.exists())
        assert_in_step()


@pytest.mark.parametrize("error", [OperationalError("gone"), RuntimeError("a bug")])
def test_nothing_that_fails_ends_it(plays, error):
    plays.claims = [error, ["a"]]
    relay = Relay()
    assert [relay.step(), relay.step()] == [0, 1]
    assert relay.counts == {"done": 1}


def test_a_lost_database_is_logged_once_and_once_when_it_is_back(plays, caplog):
    plays.claims = [OperationalError("gone\nmore"), OperationalError("gone"), []]
    relay = Relay()
    for _ in range(4):
        relay.step()
    assert [record.getMessage() for record in caplog.records] == [
        "the database does not answer (gone); waiting for it",
        "the database is back",
    ]


def test_a_bulk_without_an_answer_is_tried_smaller_and_larger_again_when_there_is_one(plays):
    relay = Relay(batch_size=100, ping=responds)
    for outcome, turns in ((Outcome.UNREACHABLE, 4), (Outcome.DONE, 4)):
        plays.answer = ActionResult(outcome, "ConnectionTimeout")
        for _ in range(turns):
            plays.claims = [["a"]]
            relay.step()
    assert plays.batches == [100, 50, 25, 16, 16, 32, 64, 100]


def test_an_engine_that_answers_pings_only_is_away_until_it_answers_a_bulk(plays, caplog):
    """Without a pause between two tries it would spin."""
    plays.answer = ActionResult(Outcome.UNREACHABLE, "status 503")
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        plays.answer = ActionResult(Outcome.UNREACHABLE if len(pauses) < 3 else Outcome.DONE, "status 503")
        if len(pauses) == 4:
            relay.stop()

    relay = Relay(ping=responds, stop_request=Pauses(pause))
    plays.claims = [["a"]] * 4
    relay.run()
    assert pauses == [1.0, 1.0, 1.0, 0.25]
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "the engine does not answer (status 503); waiting for it",
        "the engine is back",
    ]


def test_a_pause_after_each_batch_but_a_full_one(plays):
    """Otherwise writers would compete with a relay that sends each of their changes alone."""
    pauses = []

    def pause(seconds):
        pauses.append((seconds, len(plays.claims)))
        if not plays.claims:
            relay.stop()

    relay = Relay(batch_size=2, stop_request=Pauses(pause))
    plays.claims = [["a", "b"], ["c", "d"], ["e"], ["f", "g"], []]
    relay.run()
    assert pauses == [(0.25, 2), (0.25, 0)]


class Bulks:
    """Stands for the engine: a bulk is answered when the test says so."""

    def __init__(self, monkeypatch):
        self.sent: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.answers: defaultdict[str, queue.SimpleQueue[Any]] = defaultdict(queue.SimpleQueue)
        monkeypatch.setattr(module, "send_actions", self.send)

    def send(self, keys):
        self.sent.put(keys[0])
        answer = self.answers[keys[0]].get(timeout=30)
        if isinstance(answer, BaseException):
            raise answer
        return [PushResult(entry_snapshot(key), answer, False) for key in keys]

    def arrived(self, count):
        """Return the next bulks that arrive, by their keys, in any order."""
        return {self.sent.get(timeout=30) for _ in range(count)}


@pytest.fixture
def bulks(monkeypatch, plays):
    return Bulks(monkeypatch)


class TestSideBySide:
    """While batches are at the engine others are claimed."""

    KEYS = [f"{number}" for number in range(module.MAX_IN_FLIGHT + 2)]

    @pytest.fixture
    def draining(self, plays, bulks, monkeypatch):
        """A relay that drains batches of one; what it wrote down and heard, and its thread."""
        monkeypatch.setattr(module, "assert_alias_is_written", lambda using: None)
        relay, plays.claims = Relay(batch_size=1), [[key] for key in self.KEYS]
        recorded: list[str] = []
        failed: list[str] = []
        monkeypatch.setattr(
            transitions, "apply_results", lambda results, using: recorded.extend(r.entry.key for r in results)
        )

        def drain():
            try:
                relay.drain()
            except RuntimeError as error:
                failed.append(str(error))

        thread = threading.Thread(target=drain)
        thread.start()
        yield SimpleNamespace(relay=relay, recorded=recorded, failed=failed, end=lambda: thread.join(30))
        thread.join(30)

    def test_the_number_of_batches_in_flight_is_limited(self, draining, bulks, plays):
        assert bulks.arrived(module.MAX_IN_FLIGHT) == set(self.KEYS[: module.MAX_IN_FLIGHT])
        for key in reversed(self.KEYS):  # the engine answers the last one first
            bulks.answers[key].put(ActionResult(Outcome.DONE))
        draining.end()
        assert draining.recorded == self.KEYS
        assert plays.claims == []

    def test_a_stop_writes_down_all_that_is_there_and_claims_nothing_more(self, draining, bulks, plays):
        bulks.arrived(module.MAX_IN_FLIGHT)
        draining.relay.stop()
        for key in self.KEYS:
            bulks.answers[key].put(ActionResult(Outcome.DONE))
        draining.end()
        assert draining.recorded == self.KEYS[: module.MAX_IN_FLIGHT]
        assert plays.claims == [[key] for key in self.KEYS[module.MAX_IN_FLIGHT :]]

    def test_no_answer_to_one_ends_the_claims_and_the_others_are_written_down(self, draining, bulks, plays):
        bulks.arrived(module.MAX_IN_FLIGHT)
        bulks.answers[self.KEYS[0]].put(ActionResult(Outcome.UNREACHABLE, "ConnectionTimeout"))
        for key in self.KEYS[1:]:
            bulks.answers[key].put(ActionResult(Outcome.DONE))
        draining.end()
        assert draining.recorded == self.KEYS[: module.MAX_IN_FLIGHT]
        assert draining.relay._unreachable == "ConnectionTimeout"
        assert plays.claims == [[key] for key in self.KEYS[module.MAX_IN_FLIGHT :]]

    def test_what_a_bulk_raises_is_raised_by_the_drain_once_the_others_are_written_down(self, draining, bulks):
        bulks.arrived(module.MAX_IN_FLIGHT)
        bulks.answers[self.KEYS[0]].put(RuntimeError("a bug"))
        for key in self.KEYS[1:]:
            bulks.answers[key].put(ActionResult(Outcome.DONE))
        draining.end()
        assert draining.failed == ["a bug"]
        assert draining.recorded == self.KEYS[1 : module.MAX_IN_FLIGHT]


def test_while_the_engine_is_away_nothing_is_claimed(plays):
    plays.answer, plays.claims = ActionResult(Outcome.UNREACHABLE, "ConnectionTimeout"), [["a"], ["b"]]
    relay = Relay(ping=refuses)
    assert [relay.step() for _ in range(5)] == [1, 0, 0, 0, 0]
    assert plays.claims == [["b"]]


class TestClaims:
    """How much of the outbox a claim reads."""

    def test_a_fast_claim_is_of_all_due_entries_each_time(self, plays, clock):
        relay = Relay(clock=clock)
        for _ in range(3):
            relay.step()
            clock.now += 0.25
        assert plays.within == [transitions.ANY_AGE] * 3

    def test_a_slow_full_claim_gets_a_twentieth_of_the_time(self, plays, clock, settings):
        settings.SEARCH_PUSH = "async"

        def slow():
            clock.now += 0.05
            return []

        plays.claims = [slow, [], [], []]
        relay = Relay(clock=clock)
        for _ in range(5):
            relay.step()
            clock.now += 0.3
        assert plays.within == pytest.approx([transitions.ANY_AGE, 2.35, 2.65, 2.95, transitions.ANY_AGE])

    def test_a_full_claim_is_put_off_at_most_two_seconds(self, plays, clock):
        def slow():
            clock.now += 60
            return []

        plays.claims = [slow]
        relay = Relay(clock=clock)
        relay.step()
        clock.now += 2
        relay.step()
        assert plays.within == [transitions.ANY_AGE] * 2

    def test_a_full_batch_is_followed_by_a_full_claim(self, plays, clock):
        def slow():
            clock.now += 60
            return ["a", "b"]

        plays.claims = [slow]
        relay = Relay(batch_size=2, clock=clock)
        relay.step()
        relay.step()
        assert plays.within == [transitions.ANY_AGE] * 2


@pytest.mark.django_db
class TestBeat:
    def test_a_beat_each_ten_seconds_and_old_ones_are_removed(self, clock):
        long_ago = timezone.now() - timedelta(days=2)
        RelayProcess.objects.create(name="gone:1", heartbeat_at=long_ago)
        relay = Relay(clock=clock)
        relay._send_heartbeat()
        [first] = RelayProcess.objects.all()
        assert first.name == relay.name
        clock.now += 9
        relay._send_heartbeat()
        assert RelayProcess.objects.get().heartbeat_at == first.heartbeat_at
        clock.now += 1
        relay._send_heartbeat()
        assert RelayProcess.objects.get().heartbeat_at > first.heartbeat_at

    def test_a_line_a_minute(self, clock, caplog):
        caplog.set_level("INFO", "search.push.relay")
        relay = Relay(clock=clock)
        for _ in range(121):
            relay._send_heartbeat()
            clock.now += 1
        assert [record.getMessage() for record in caplog.records] == ["pushed 0, pending 0, settling 0, dead 0"] * 3

    def test_a_database_that_is_gone_at_the_end_is_no_error(self, monkeypatch, caplog):
        def fail(*args):
            raise OperationalError("gone")

        monkeypatch.setattr(RelayProcess.objects, "using", fail)
        relay = Relay()
        relay._remove_heartbeat()
        said = f"the database does not answer; the heartbeat of {relay.name} stays for a while"
        assert [record.getMessage() for record in caplog.records] == [said]
