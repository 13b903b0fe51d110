"""The sender: one thread per process that pushes for all its requests, so that concurrent pushes share bulks.

A batch is closed before its entries are read, so a request is never answered `indexed` for a change that its bulk did
not read. A request waits for its own deadline only; what is late is left to the relay. Results are applied to the
entries when no request waits, or for several bulks at once: an entry that stays a little longer is at worst pushed
again. While there are no requests, the thread pings Elasticsearch (see engine_monitor).
"""

import logging
import os
import threading
from collections.abc import Callable, Collection
from math import inf
from time import monotonic

from django.db import connections

from ..conf import conf
from ..outbox.outcomes import PushResult
from ..outbox.transitions import apply_results, connect
from .bulk import call_timeout
from .engine_monitor import EngineMonitor
from .push import push_keys

logger = logging.getLogger(__name__)
MIN_TIMEOUT = 0.05  # seconds that a bulk has at least
APPLY_WITHIN = 0.1  # seconds from a bulk's response until its results are applied, even if requests wait


class PushTicket:
    """One request's keys, and whether they were indexed."""

    def __init__(self, keys: Collection[str]) -> None:
        self.keys = frozenset(keys)
        self.indexed = False
        self.finished = threading.Event()
        self.abandoned = False

    def wait(self, timeout: float) -> bool:
        """Return whether every target confirmed every key within `timeout` seconds."""
        self.abandoned = not self.finished.wait(timeout)
        return self.indexed and not self.abandoned


class Sender:
    """Takes tickets, pushes them together, wakes their requests, then applies the results to the entries."""

    def __init__(
        self,
        using: str,
        *,
        monitor: EngineMonitor | None = None,
        push: Callable[[Collection[str], str, float], list[PushResult]] = push_keys,
        apply: Callable[[list[PushResult], str], None] = apply_results,
        apply_within: float = APPLY_WITHIN,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.using = using
        self.monitor = monitor or EngineMonitor(using)
        self._push_keys = push
        self._apply = apply
        self._apply_within = apply_within
        self._clock = clock
        self._queue: list[PushTicket] = []
        self._results: list[PushResult] = []  # not applied yet
        self._apply_at = inf
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False

    def push(self, keys: Collection[str]) -> bool:
        """Push these keys for a request; return whether all were confirmed within PUSH_TIMEOUT. Raises nothing."""
        if not self.ready():
            return False
        ticket = PushTicket(keys)
        with self._changed:
            self._queue.append(ticket)
            self._changed.notify()
        return ticket.wait(conf.PUSH_TIMEOUT)

    def ready(self) -> bool:
        """Start the thread if needed, and return whether pushes are tried."""
        self.start()
        return self.monitor.available

    def start(self) -> None:
        with self._changed:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="search-sender", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread after its current bulk, and close its database connection."""
        with self._changed:
            thread, self._thread, self._stopping = self._thread, None, True
            self._changed.notify()
        if thread:
            thread.join()
        self._stopping = False

    def _run(self) -> None:
        try:
            while not self._stopping:
                tickets = self._next_batch()
                if not self.monitor.available:
                    _finish(tickets)
                    self.monitor.probe()
                elif tickets:
                    self._push_batch(tickets)
                elif not self._stopping:
                    self.monitor.ping()
                if not self._queue or self._clock() >= self._apply_at:
                    self._apply_buffered()
        finally:
            self._apply_buffered()
            connections[self.using].close()

    def _next_batch(self) -> list[PushTicket]:
        """Wait for tickets and return all whose requests still wait; none when a probe or a ping is due."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._stopping, self.monitor.wait_timeout())
            tickets, self._queue = self._queue, []
        return [ticket for ticket in tickets if not ticket.abandoned]

    def _push_batch(self, tickets: list[PushTicket]) -> None:
        """Push the keys of all tickets at once. Whatever happens, their requests are woken."""
        try:
            self._buffer(self._push(tickets))
        except Exception:
            logger.exception("push failed; the relay will do it")
            connections[self.using].close()
        finally:
            _finish(tickets)

    def _push(self, tickets: list[PushTicket]) -> list[PushResult]:
        deadline = self._clock() + min(conf.PUSH_TIMEOUT, call_timeout())
        connect(self.using)
        if not self.monitor.check_aliases():
            return []
        keys = frozenset().union(*(ticket.keys for ticket in tickets))
        if not keys.isdisjoint(result.entry.key for result in self._results):
            self._apply_buffered()  # else their entries, already confirmed, would be sent again
        # Subtract the time spent on the alias check, so a silent engine costs one timeout, not two. Rounded because
        # every distinct timeout creates a client.
        results = self._push_keys(keys, self.using, max(MIN_TIMEOUT, round(deadline - self._clock(), 2)))
        self.monitor.report(results)
        # No entry means that another push has confirmed the key, provided that the triggers are installed.
        captured = self.monitor.check_capture()
        failed = {result.entry.key for result in results if not result.done} if captured else keys
        for ticket in tickets:
            ticket.indexed = failed.isdisjoint(ticket.keys)
        return results

    def _buffer(self, results: list[PushResult]) -> None:
        """Keep results to be applied later, the oldest no longer than `apply_within`."""
        self._results += results
        if results:
            self._apply_at = min(self._apply_at, self._clock() + self._apply_within)

    def _apply_buffered(self) -> None:
        results, self._results, self._apply_at = self._results, [], inf
        if not results:
            return
        try:
            connect(self.using)
            self._apply(results, self.using)
        except Exception:
            # Harmless: the entries stay, and the relay pushes them again.
            logger.exception("could not confirm %s entries", len(results))
            connections[self.using].close()


def _finish(tickets: list[PushTicket]) -> None:
    for ticket in tickets:
        ticket.finished.set()


# By process id: a forked child has none of its parent's threads, and its copies of their locks may be locked.
_senders: dict[tuple[int, str], Sender] = {}


def sender(using: str) -> Sender:
    """Return this process's sender for one database. setdefault() is atomic, so no lock is needed."""
    key = os.getpid(), using
    return _senders.get(key) or _senders.setdefault(key, Sender(using))


def stop_all() -> None:
    for (pid, _), process_sender in list(_senders.items()):
        if pid == os.getpid():
            process_sender.stop()


def clear_senders() -> None:
    """Forget every sender, for tests."""
    _senders.clear()
