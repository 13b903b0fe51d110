"""The relay: pushes what the synchronous push did not. Any number may run, on any hosts.

It waits for the end of an outage without a limit, and until then it claims nothing and counts no attempts. A killed
relay blocks nothing: its lease ends, and another relay claims its entries.

While one batch is at Elasticsearch, the next is claimed and read and the previous one's results are applied. Only
sending has threads of its own: all use of the database is on the relay's one thread, batch after batch.
"""

import logging
import os
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from time import monotonic

from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from .. import client
from ..conf import conf
from ..indices.aliases import AliasGuard, assert_alias_is_written
from ..models import Entry, RelayProcess
from ..outbox import transitions
from ..outbox.outcomes import Outcome, PushResult
from .actions import ReadResult, build_actions
from .bulk import call_timeout
from .push import send_actions
from .shutdown import StopRequest

logger = logging.getLogger(__name__)
HEARTBEAT_INTERVAL = 10.0  # seconds
REPORT_INTERVAL = 60.0  # seconds between two lines in the log
MIN_BATCH_SIZE = 16
MAX_IN_FLIGHT = 2  # batches at Elasticsearch: while the results of one are applied, the other keeps it busy
OUTAGE_POLL_INTERVAL = 1.0  # seconds between two checks whether the engine or the database responds again
COMMIT_LAG = 2.0  # seconds, how late a writer's commit may become visible to a claim of recent entries
FULL_CLAIM_INTERVAL = 2.0  # seconds, the longest time without a claim of all due entries


def _ignore_progress(handled: int) -> None:
    """Do nothing; the default progress callback."""


class BatchInFlight:
    """A batch that a thread of its own sends to Elasticsearch."""

    def __init__(self, read: ReadResult) -> None:
        self._results: Future[list[PushResult]] = Future()
        # Daemon thread, so a second signal exits without waiting for Elasticsearch.
        threading.Thread(target=self._send, args=(read,), name="search-relay-bulk", daemon=True).start()

    def results(self) -> list[PushResult]:
        """Wait for the results; raise what the thread raised."""
        return self._results.result()

    def _send(self, read: ReadResult) -> None:
        try:
            self._results.set_result(send_actions(read))
        except BaseException as error:
            self._results.set_exception(error)


class Relay:
    """Claims due entries, pushes them in bulks and applies the results: until stopped, or once until none is due."""

    def __init__(
        self,
        using: str = "default",
        *,
        batch_size: int | None = None,
        poll: float | None = None,
        outage_poll: float = OUTAGE_POLL_INTERVAL,
        ping: Callable[[float], None] = client.ping,
        stop_request: StopRequest | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.using = using
        self.batch_size = self.current_batch_size = batch_size or conf.RELAY_BATCH_SIZE
        self.poll = poll or conf.RELAY_POLL_INTERVAL
        self.outage_poll = outage_poll
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.counts: Counter[str] = Counter()
        self._ping = ping
        self._clock = clock
        self._alias_guard = AliasGuard(using)
        self._stop_request = stop_request or StopRequest()
        self._outage = ""  # what does not respond: "engine", "database", or nothing
        self._unreachable = ""  # why Elasticsearch did not respond to a batch since the last claim
        self._in_flight: deque[BatchInFlight] = deque()  # the oldest first
        self._heartbeat_at = self._report_at = self._full_claim_at = float("-inf")
        self._full_claim_seconds = 0.0  # how long the last claim of all due entries took

    def stop(self) -> None:
        """Finish what is claimed, then end. Safe in a signal handler."""
        self._stop_request.set()

    def run(self) -> None:
        """Push until stopped, whatever fails."""
        logger.info("relay %s runs, SEARCH_PUSH=%s", self.name, conf.PUSH)
        while not self._stop_request.is_set():
            full = self.current_batch_size
            # After a full batch there is more. Otherwise let changes gather: many small batches would take processor
            # time from the writers.
            if self.step() < full or self._outage:
                self._stop_request.wait(self.outage_poll if self._outage else self.poll)
        self._finish()
        self._remove_heartbeat()
        logger.info("relay %s ends; pushed %s", self.name, self.counts[Outcome.DONE])

    def drain(self, progress: Callable[[int], object] = _ignore_progress) -> None:
        """Push until nothing is due, or Elasticsearch is unreachable; call `progress(entries)` after each batch.

        Raise AliasMismatch if the pushes would not reach the index that is searched.
        """
        assert_alias_is_written(self.using)
        transitions.connect(self.using)
        more = True
        try:
            while more and not self._stop_request.is_set() and not self._unreachable:
                more = self._push_batch(transitions.claim(self.using, limit=self.current_batch_size), progress) > 0
            self._apply_in_flight(0, progress)
        except Exception:
            self._finish()
            raise

    def run_once(self, *, older: float = 0.0) -> int:
        """Claim and push one batch of entries changed at least `older` seconds ago; return how many were claimed."""
        transitions.connect(self.using)
        claimed = self._push_batch(transitions.claim(self.using, limit=self.current_batch_size, older=older))
        self._apply_in_flight(0)
        return claimed

    def step(self) -> int:
        """Do one iteration of run(), which no failure ends; return how many entries were claimed."""
        try:
            transitions.connect(self.using)
            self._send_heartbeat()
            if conf.PUSH == "off" or (self._outage == "engine" and not self._engine_responds()):
                return 0
            if not self._alias_guard.check():
                self._apply_in_flight(0)
                return 0
            # In sync mode the request's own push goes first.
            claimed = self._push_batch(self._claim(older=conf.PUSH_TIMEOUT + 1.0 if conf.PUSH == "sync" else 0.0))
        except (OperationalError, InterfaceError) as error:
            self._log_outage("database", error)
            connections[self.using].close()
            return 0
        except Exception:
            logger.exception("a batch failed; its entries are claimed again when their lease ends")
            connections[self.using].close()
            return 0
        self._log_outage("engine" if self._unreachable else "", self._unreachable)
        return claimed

    def _push_batch(self, keys: list[str], progress: Callable[[int], object] = _ignore_progress) -> int:
        """Send claimed entries, and apply the results of earlier batches; return how many were claimed.

        A full batch is still at Elasticsearch when this returns, since there is more to claim.
        """
        self._unreachable = ""
        more = len(keys) >= self.current_batch_size
        if keys:
            self._in_flight.append(BatchInFlight(build_actions(keys, self.using)))
        self._apply_in_flight(MAX_IN_FLIGHT - 1 if more else 0, progress)
        if self._unreachable:  # claim nothing more before the results of all batches are known
            self._apply_in_flight(0, progress)
        return len(keys)

    def _apply_in_flight(self, leave: int, progress: Callable[[int], object] = _ignore_progress) -> None:
        """Wait for the batches at Elasticsearch, except the last `leave`, and apply their results."""
        while len(self._in_flight) > leave:
            results = self._in_flight.popleft().results()
            transitions.apply_results(results, self.using)
            self.counts.update(str(result.outcome) for result in results)
            self._adapt_batch_size(results)
            progress(len(results))

    def _finish(self) -> None:
        while self._in_flight:
            try:
                self._apply_in_flight(0)
            except Exception:
                logger.exception("a batch failed; its entries are claimed again when their lease ends")

    def _claim(self, older: float) -> list[str]:
        """Claim a batch of all due entries; if that is slow, mostly of those that became due since the last such claim.

        It is slow while a long transaction keeps the database from removing confirmed entries. Then claims of all due
        entries, which also find what a dead relay or a late commit left, get a twentieth of the time.
        """
        began = self._clock()
        elapsed = began - self._full_claim_at
        if elapsed < min(FULL_CLAIM_INTERVAL, 20 * self._full_claim_seconds):
            within = elapsed + older + COMMIT_LAG
            return transitions.claim(self.using, limit=self.current_batch_size, older=older, within=within)
        keys = transitions.claim(self.using, limit=self.current_batch_size, older=older)
        if len(keys) < self.current_batch_size:  # else there is more to claim
            self._full_claim_at, self._full_claim_seconds = began, self._clock() - began
        return keys

    def _adapt_batch_size(self, results: list[PushResult]) -> None:
        unreachable = [result for result in results if result.outcome is Outcome.UNREACHABLE]
        if unreachable:
            self.current_batch_size = max(MIN_BATCH_SIZE, self.current_batch_size // 2)
            self._unreachable = unreachable[0].error
        else:
            self.current_batch_size = min(self.batch_size, self.current_batch_size * 2)

    def _engine_responds(self) -> bool:
        try:
            self._ping(min(1.0, call_timeout()))
        except Exception:
            return False
        return True

    def _log_outage(self, outage: str, error: object) -> None:
        if outage and outage != self._outage:
            logger.warning("the %s does not answer (%s); waiting for it", outage, str(error).strip().split("\n")[0])
        elif not outage and self._outage:
            logger.warning("the %s is back", self._outage)
        self._outage = outage

    def _send_heartbeat(self) -> None:
        now = self._clock()
        if now - self._heartbeat_at >= HEARTBEAT_INTERVAL:
            yesterday = timezone.now() - timedelta(days=1)
            RelayProcess.objects.using(self.using).filter(heartbeat_at__lt=yesterday).delete()
            RelayProcess.objects.using(self.using).update_or_create(
                name=self.name, defaults={"heartbeat_at": timezone.now()}
            )
            self._heartbeat_at = now
        if now - self._report_at >= REPORT_INTERVAL:
            entries = Entry.objects.using(self.using)
            logger.info(
                "pushed %s, pending %s, settling %s, dead %s",
                self.counts[Outcome.DONE],
                entries.pending().count(),
                entries.settling().count(),
                entries.dead().count(),
            )
            self._report_at = now

    def _remove_heartbeat(self) -> None:
        """Delete this relay's record, since it ends on purpose."""
        try:
            RelayProcess.objects.using(self.using).filter(name=self.name).delete()
        except (OperationalError, InterfaceError):
            logger.warning("the database does not answer; the heartbeat of %s stays for a while", self.name)
