"""The sender: one thread of a process that pushes for all its requests, so that concurrent pushes share bulks.

A bulk is closed before its entries are read: a request is never told `indexed` for a change that its bulk did not
read. A request waits on its own clock; what is late is the relay's. What became of the entries is written down when
nobody waits, or for several bulks at once: an entry that stays a moment longer is at worst pushed again.

While no request comes the sender looks whether the engine answers, so that the first one after an engine fell silent
does not find that out with its own time.
"""

import logging
import os
import threading
from collections.abc import Collection
from math import inf
from time import monotonic

from django.db import connections
from elasticsearch import ConnectionTimeout

from ..client import ping
from ..conf import conf
from ..indices.aliases import AliasGuard
from ..outbox import capture, transitions
from ..outbox.outcomes import ANSWERED, Outcome
from .breaker import Breaker
from .bulk import call_timeout
from .push import Pushed, push

logger = logging.getLogger(__name__)
CAPTURE_CHECK = 30.0  # seconds between two looks at the triggers
SHORTEST = 0.05  # seconds that a bulk has at least
RECORD_AFTER = 0.1  # seconds from a bulk's answer until it is written down, whoever waits


class Ticket:
    """One request's keys and what became of them."""

    def __init__(self, keys: Collection[str]) -> None:
        self.keys = frozenset(keys)
        self.indexed = False
        self.answered = threading.Event()
        self.abandoned = False

    def wait(self, timeout: float) -> bool:
        """Whether every target confirmed every key within `timeout` seconds."""
        self.abandoned = not self.answered.wait(timeout)
        return self.indexed and not self.abandoned


class Sender:
    """Takes tickets, pushes them together, releases those who wait, then writes down what became of the entries."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.breaker = Breaker()
        self._agreement = AliasGuard(using)
        self._waiting: list[Ticket] = []
        self._results: list[Pushed] = []  # of bulks that are not written down yet
        self._record_at = inf
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._capture_checked = -CAPTURE_CHECK

    def push(self, keys: Collection[str]) -> bool:
        """Push these keys for a request; whether all were confirmed within PUSH_TIMEOUT. Raises nothing."""
        if not self.ready():
            return False
        ticket = Ticket(keys)
        with self._changed:
            self._waiting.append(ticket)
            self._changed.notify()
        return ticket.wait(conf.PUSH_TIMEOUT)

    def ready(self) -> bool:
        """Whether pushes are tried: the breaker is closed. The thread, which probes, runs from here on."""
        self._start()
        return self.breaker.closed

    def stop(self) -> None:
        """End the thread after the bulk it is in, and close its database connection."""
        with self._changed:
            thread, self._thread, self._stopping = self._thread, None, True
            self._changed.notify()
        if thread:
            thread.join()
        self._stopping = False

    def _start(self) -> None:
        with self._changed:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="search-sender", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stopping:
                tickets = self._take()
                if not self.breaker.closed:
                    _release(tickets)
                    self._probe()
                elif tickets:
                    self._serve(tickets)
                elif not self._stopping:
                    self._look()
                if not self._waiting or monotonic() >= self._record_at:
                    self._record()
        finally:
            self._record()
            connections[self.using].close()

    def _take(self) -> list[Ticket]:
        """Close the next bulk: every ticket that still waits; none when it is time for a probe or a look."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping, self._patience())
            taken, self._waiting = self._waiting, []
        return [ticket for ticket in taken if not ticket.abandoned]

    def _patience(self) -> float:
        return conf.BREAKER_RESET_TIMEOUT if self.breaker.closed else max(0.0, self.breaker.probe_at - monotonic())

    def _serve(self, tickets: list[Ticket]) -> None:
        """Push the tickets as one; whatever happens, nobody goes on waiting."""
        try:
            self._note(self._push(tickets))
        except Exception:
            logger.exception("push failed; the relay will do it")
            connections[self.using].close()
        finally:
            _release(tickets)

    def _push(self, tickets: list[Ticket]) -> list[Pushed]:
        end = monotonic() + min(conf.PUSH_TIMEOUT, call_timeout())
        transitions.connect(self.using)
        if not self._agreement.check():
            return []
        keys = frozenset().union(*(ticket.keys for ticket in tickets))
        if not keys.isdisjoint(result.entry.key for result in self._results):
            self._record()  # else what is confirmed already would be sent again
        # What the look before it took is taken off: a silent engine holds nobody longer than one timeout. Rounded,
        # since each other timeout is another client.
        results = push(keys, self.using, max(SHORTEST, round(end - monotonic(), 2)))
        self._judge(results)
        # A key without an entry was confirmed by another push, if only capture is in place.
        failed = {result.entry.key for result in results if not result.done} if self._captured() else keys
        for ticket in tickets:
            ticket.indexed = failed.isdisjoint(ticket.keys)
        return results

    def _captured(self) -> bool:
        """Whether the triggers are in place: without them a missing entry would mean nothing."""
        if monotonic() - self._capture_checked >= CAPTURE_CHECK:
            if not all(capture.status(self.using).values()):
                logger.error("capture is not installed: run manage.py migrate; every write is `pending` until then")
                return False
            self._capture_checked = monotonic()
        return True

    def _judge(self, results: list[Pushed]) -> None:
        """Tell the breaker how the engine did."""
        lost = [result for result in results if result.answer.outcome is Outcome.UNREACHABLE]
        if lost:
            self.breaker.failed(timed_out=lost[0].answer.error == "ConnectionTimeout")
        elif any(result.answer.outcome in ANSWERED for result in results):
            self.breaker.succeeded()

    def _note(self, results: list[Pushed]) -> None:
        """Keep what is to be written down, the first of it not longer than RECORD_AFTER."""
        self._results += results
        if results:
            self._record_at = min(self._record_at, monotonic() + RECORD_AFTER)

    def _record(self) -> None:
        """Write down what became of all entries since the last time."""
        results, self._results, self._record_at = self._results, [], inf
        if not results:
            return
        try:
            transitions.connect(self.using)
            transitions.record(results, self.using)
        except Exception:
            # Harmless: the entries stay, and are pushed again by the relay.
            logger.exception("could not confirm %s entries", len(results))
            connections[self.using].close()

    def _probe(self) -> None:
        """Look whether the engine is back; never in a request's time."""
        if not self.breaker.take_probe():
            return
        try:
            ping(conf.PUSH_TIMEOUT / 2)
        except Exception:
            self.breaker.failed()
        else:
            self.breaker.succeeded()

    def _look(self) -> None:
        """Open the breaker when the engine is silent; one that refuses costs the next request no time."""
        try:
            ping(conf.PUSH_TIMEOUT / 2)
        except ConnectionTimeout:
            self.breaker.failed(timed_out=True)
        except Exception:
            logger.debug("the engine does not answer", exc_info=True)


def _release(tickets: list[Ticket]) -> None:
    for ticket in tickets:
        ticket.answered.set()


_senders: dict[str, Sender] = {}
_lock = threading.Lock()


def sender(using: str) -> Sender:
    """This process's sender for one database."""
    with _lock:
        return _senders.setdefault(using, Sender(using))


def stop_all() -> None:
    """End every sender of this process."""
    for found in list(_senders.values()):
        found.stop()


def forget_all() -> None:
    """Begin anew, as in a child process: a thread does not survive a fork, the child starts its own at first use."""
    global _lock
    _lock = threading.Lock()
    _senders.clear()


os.register_at_fork(after_in_child=forget_all)
