"""The relay: pushes what the synchronous push could not. Any number may run, on any hosts.

Patience with an outage is unlimited: while the engine is away nothing is claimed and no attempt is counted. A relay
that is killed holds up nobody: its lease ends, and another relay claims its entries.

While one batch is at the engine the next is claimed and read, and the one before is written down. Only sending has
threads of its own: all that touches the database is done by the relay's one thread, batch after batch.
"""

import logging
import os
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from time import monotonic

from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from ..client import ping
from ..conf import conf
from ..indices.aliases import AliasGuard, assert_alias_is_written
from ..models import Entry, RelayProcess
from ..outbox import transitions
from ..outbox.outcomes import Outcome
from .actions import Reading
from .bulk import call_timeout
from .push import Pushed, read, send
from .shutdown import Stopping

logger = logging.getLogger(__name__)
BEAT = 10.0  # seconds between two heartbeats
REPORT = 60.0  # seconds between two lines in the log
SMALLEST_BATCH = 16
AT_ONCE = 2  # batches at the engine: while one is answered and written down the other keeps it busy
OUTAGE_POLL = 1.0  # seconds between two looks whether what is away is back
LOOK_BACK = 2.0  # seconds, how long a writer's commit may take to be seen by a quick look
LOOK_PAUSE = 2.0  # seconds, the longest time without a look at everything


class Sending:
    """A batch on its way to the engine."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._results: Future[list[Pushed]] = Future()
        # A daemon: who ends the relay by a second signal does not wait for the engine.
        threading.Thread(target=self._send, args=(readings,), name="search-relay-bulk", daemon=True).start()

    def results(self) -> list[Pushed]:
        """What became of the entries, once the engine has answered; what was raised is raised here."""
        return self._results.result()

    def _send(self, readings: Sequence[Reading]) -> None:
        try:
            self._results.set_result(send(readings))
        except BaseException as error:
            self._results.set_exception(error)


class Relay:
    """Claims due entries, pushes them in bulks, writes down the outcome; until stopped, or once until none is due."""

    def __init__(self, using: str = "default", *, batch_size: int | None = None, poll: float | None = None) -> None:
        self.using = using
        self.batch_size = self.batch = batch_size or conf.RELAY_BATCH_SIZE
        self.poll = poll or conf.RELAY_POLL_INTERVAL
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.counts: Counter[str] = Counter()
        self._agreement = AliasGuard(using)
        self._stopping = Stopping()
        self._away = ""  # what does not answer: the engine, the database, or nothing
        self._unanswered = ""  # why the engine did not answer a batch since the last claim
        self._sent: deque[Sending] = deque()  # the batches at the engine, the oldest first
        self._beat_at = self._report_at = self._looked_at = float("-inf")
        self._look_cost = 0.0  # seconds the last look at everything took

    def stop(self) -> None:
        """Finish what is claimed and end."""
        self._stopping.ask()

    def run(self) -> None:
        """Push until stopped, whatever fails."""
        logger.info("relay %s runs, SEARCH_PUSH=%s", self.name, conf.PUSH)
        while not self._stopping.asked:
            full = self.batch
            # After a full batch there is more. Else what comes meanwhile goes together: many small batches would take
            # the processor from those who write.
            if self._step() < full or self._away:
                self._stopping.wait(OUTAGE_POLL if self._away else self.poll)
        self._finish()
        self._part()
        logger.info("relay %s ends; pushed %s", self.name, self.counts[Outcome.DONE])

    def drain(self, progress: Callable[[int], object] = lambda handled: None) -> None:
        """Push until nothing is due, or the engine is away; `progress` hears how many each batch handled.

        AliasMismatch when the pushes would not reach what is searched.
        """
        assert_alias_is_written(self.using)
        transitions.connect(self.using)
        more = True
        try:
            while more and not self._stopping.asked and not self._unanswered:
                more = self._push(transitions.claim(self.using, limit=self.batch), progress) > 0
            self._collect(0, progress)
        except Exception:
            self._finish()
            raise

    def run_once(self, *, older: float = 0.0) -> int:
        """Claim one batch of entries changed at least `older` seconds ago and push it; how many were claimed."""
        transitions.connect(self.using)
        handled = self._push(transitions.claim(self.using, limit=self.batch, older=older))
        self._collect(0)
        return handled

    def _push(self, keys: list[str], progress: Callable[[int], object] = lambda handled: None) -> int:
        """Send claimed entries, and write down what was sent before; how many were claimed.

        A full batch stays at the engine when this returns, for there is more to claim meanwhile.
        """
        self._unanswered = ""
        more = len(keys) >= self.batch
        if keys:
            self._sent.append(Sending(read(keys, self.using)))
        self._collect(AT_ONCE - 1 if more else 0, progress)
        if self._unanswered:  # nothing else is claimed before all that was sent is known
            self._collect(0, progress)
        return len(keys)

    def _collect(self, leave: int, progress: Callable[[int], object] = lambda handled: None) -> None:
        """Write down what became of the batches at the engine, but for the last `leave`."""
        while len(self._sent) > leave:
            results = self._sent.popleft().results()
            transitions.record(results, self.using)
            self.counts.update(str(result.answer.outcome) for result in results)
            self._adapt(results)
            progress(len(results))

    def _finish(self) -> None:
        """Write down what is at the engine when the relay ends, whatever of it fails."""
        while self._sent:
            try:
                self._collect(0)
            except Exception:
                logger.exception("a batch failed; its entries are claimed again when their lease ends")

    def _step(self) -> int:
        """One turn of `run`: nothing that fails here ends the relay."""
        try:
            transitions.connect(self.using)
            self._beat()
            if conf.PUSH == "off" or (self._away == "engine" and not engine_answers()):
                return 0
            if not self._agreement.check():
                self._collect(0)
                return 0
            # In sync mode the request's own push goes first.
            handled = self._push(self._claim(older=conf.PUSH_TIMEOUT + 1.0 if conf.PUSH == "sync" else 0.0))
        except (OperationalError, InterfaceError) as error:
            self._note("database", error)
            connections[self.using].close()
            return 0
        except Exception:
            logger.exception("a batch failed; its entries are claimed again when their lease ends")
            connections[self.using].close()
            return 0
        self._note("engine" if self._unanswered else "", self._unanswered)
        return handled

    def _claim(self, older: float) -> list[str]:
        """Claim a batch: of all that is due, or where that takes long, mostly of what became due since the last look.

        It takes long while an old transaction keeps the database from removing what was confirmed. Then a look at
        everything, which also finds what a dead relay or a late commit left behind, gets a twentieth of the time.
        """
        began = monotonic()
        since = began - self._looked_at
        if since < min(LOOK_PAUSE, 20 * self._look_cost):
            return transitions.claim(self.using, limit=self.batch, older=older, within=since + older + LOOK_BACK)
        keys = transitions.claim(self.using, limit=self.batch, older=older)
        if len(keys) < self.batch:  # else there is more of it
            self._looked_at, self._look_cost = began, monotonic() - began
        return keys

    def _adapt(self, results: list[Pushed]) -> None:
        """A bulk that was not answered is tried smaller; one that was, larger again."""
        lost = [result for result in results if result.answer.outcome is Outcome.UNREACHABLE]
        self.batch = max(SMALLEST_BATCH, self.batch // 2) if lost else min(self.batch_size, self.batch * 2)
        self._unanswered = lost[0].answer.error if lost else self._unanswered

    def _note(self, what: str, error: object) -> None:
        """Log a change of what is away, once."""
        if what and what != self._away:
            logger.warning("the %s does not answer (%s); waiting for it", what, str(error).strip().split("\n")[0])
        elif not what and self._away:
            logger.warning("the %s is back", self._away)
        self._away = what

    def _beat(self) -> None:
        """The heartbeat, and a line a minute."""
        now = monotonic()
        if now - self._beat_at >= BEAT:
            old = timezone.now() - timedelta(days=1)
            RelayProcess.objects.using(self.using).filter(heartbeat_at__lt=old).delete()
            RelayProcess.objects.using(self.using).update_or_create(
                name=self.name, defaults={"heartbeat_at": timezone.now()}
            )
            self._beat_at = now
        if now - self._report_at >= REPORT:
            entries = Entry.objects.using(self.using)
            logger.info(
                "pushed %s, waiting %s, settling %s, dead %s",
                self.counts[Outcome.DONE],
                entries.pending().count(),
                entries.settling().count(),
                entries.dead().count(),
            )
            self._report_at = now

    def _part(self) -> None:
        """Take the heartbeat back: this relay ends on purpose."""
        try:
            RelayProcess.objects.using(self.using).filter(name=self.name).delete()
        except (OperationalError, InterfaceError):
            logger.warning("the database does not answer; the heartbeat of %s stays for a while", self.name)


def engine_answers() -> bool:
    """Whether the engine is there at all; asked before a batch is claimed for it again."""
    try:
        ping(min(1.0, call_timeout()))
    except Exception:
        return False
    return True
