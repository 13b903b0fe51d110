"""The relay: pushes what the synchronous push could not. Any number may run, on any hosts.

Patience with an outage is unlimited: while the engine is away nothing is claimed and no attempt is counted. A relay
that is killed holds up nobody: its lease ends, and another relay claims its entries.
"""

import logging
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from search.conf import conf
from search.models import Entry, RelayProcess
from search.sync import outbox
from search.sync.bulk import call_timeout, client
from search.sync.outcomes import Outcome
from search.sync.push import Pushed, push

log = logging.getLogger("search.relay")
BEAT = 10.0  # seconds between two heartbeats
REPORT = 60.0  # seconds between two lines in the log
SMALLEST_BATCH = 16


class Relay:
    """Claims due entries, pushes them in bulks, writes down the outcome; until stopped, or once until none is due."""

    def __init__(self, using: str = "default", *, batch_size: int | None = None, poll: float | None = None) -> None:
        self.using = using
        self.batch_size = self.batch = batch_size or conf.RELAY_BATCH_SIZE
        self.poll = poll or conf.RELAY_POLL
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.counts: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._away = ""  # what does not answer: the engine, the database, or nothing
        self._beat_at = self._report_at = 0.0

    def stop(self) -> None:
        """Finish the batch and end."""
        self._stopping.set()

    def run(self) -> None:
        """Push until stopped, whatever fails."""
        log.info("relay %s runs, SEARCH_PUSH=%s", self.name, conf.PUSH)
        while not self._stopping.is_set():
            if not self._step():
                self._stopping.wait(1.0 if self._away else self.poll)
        self._part()
        log.info("relay %s ends; pushed %s", self.name, self.counts[Outcome.DONE])

    def drain(self, progress: Callable[[int], object] = lambda handled: None) -> None:
        """Push until nothing is due, or the engine is away; `progress` hears how many each batch handled."""
        while not self._stopping.is_set() and not self._away and (handled := self.run_once()):
            progress(handled)

    def run_once(self, *, older: float = 0.0) -> int:
        """Claim one batch of entries changed at least `older` seconds ago and push it; how many were claimed."""
        outbox.connect(self.using)
        keys = outbox.claim(self.using, limit=self.batch, older=older)
        if not keys:
            return 0
        results = push(keys, self.using)
        outbox.record(results, self.using)
        self.counts.update(str(result.answer.outcome) for result in results)
        self._adapt(results)
        return len(keys)

    def _step(self) -> int:
        """One turn of `run`: nothing that fails here ends the relay."""
        try:
            self._beat()
            if conf.PUSH == "off" or (self._away == "engine" and not self._engine_answers()):
                return 0
            # In sync mode the request's own push goes first.
            handled = self.run_once(older=conf.PUSH_TIMEOUT + 1.0 if conf.PUSH == "sync" else 0.0)
        except (OperationalError, InterfaceError) as error:
            self._lost("database", error)
            connections[self.using].close()
            return 0
        except Exception:
            log.exception("a batch failed; its entries are claimed again when their lease ends")
            connections[self.using].close()
            return 0
        if self._away == "database":
            self._lost("", None)
        return handled

    def _adapt(self, results: list[Pushed]) -> None:
        """A bulk that was not answered is tried smaller; one that was, larger again."""
        lost = [result for result in results if result.answer.outcome is Outcome.UNREACHABLE]
        self.batch = max(SMALLEST_BATCH, self.batch // 2) if lost else min(self.batch_size, self.batch * 2)
        if lost:
            self._lost("engine", lost[0].answer.error)

    def _engine_answers(self) -> bool:
        try:
            client().options(request_timeout=min(1.0, call_timeout())).info(filter_path="version.number")
        except Exception:
            return False
        self._lost("", None)
        return True

    def _lost(self, what: str, error: object) -> None:
        """Log a change of what is away, once."""
        if what and what != self._away:
            log.warning("the %s does not answer (%s); waiting for it", what, str(error).strip().split("\n")[0])
        elif not what and self._away:
            log.warning("the %s is back", self._away)
        self._away = what

    def _beat(self) -> None:
        """The heartbeat, and a line a minute."""
        now = monotonic()
        if now - self._beat_at >= BEAT:
            old = timezone.now() - timedelta(days=1)
            RelayProcess.objects.using(self.using).filter(beat_at__lt=old).delete()
            RelayProcess.objects.using(self.using).update_or_create(
                name=self.name, defaults={"beat_at": timezone.now()}
            )
            self._beat_at = now
        if now - self._report_at >= REPORT:
            entries = Entry.objects.using(self.using)
            log.info(
                "pushed %s, waiting %s, settling %s, dead %s",
                self.counts[Outcome.DONE],
                entries.waiting().count(),
                entries.settling().count(),
                entries.dead().count(),
            )
            self._report_at = now

    def _part(self) -> None:
        """Take the heartbeat back: this relay ends on purpose."""
        try:
            RelayProcess.objects.using(self.using).filter(name=self.name).delete()
        except (OperationalError, InterfaceError):
            log.warning("the database does not answer; the heartbeat of %s stays for a while", self.name)
