"""The sender's view of Elasticsearch and of capture: whether to push, and whether a push can be trusted.

Everything on the push path that makes a request or a query besides the push itself is in here, with its price.
"""

import logging
from collections.abc import Callable, Collection
from time import monotonic

from elasticsearch import ConnectionTimeout

from .. import client
from ..conf import conf
from ..indices.aliases import AliasGuard
from ..outbox import capture
from ..outbox.outcomes import RESPONDED, Outcome, PushResult
from .breaker import Breaker

logger = logging.getLogger(__name__)
CAPTURE_CHECK_INTERVAL = 30.0  # seconds


class EngineMonitor:
    """A circuit breaker, with the probes and checks that keep it and the answers to requests correct."""

    def __init__(
        self,
        using: str,
        *,
        breaker: Breaker | None = None,
        ping: Callable[[float], None] = client.ping,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.using = using
        self.breaker = breaker or Breaker(clock)
        self._ping = ping
        self._clock = clock
        self._alias_guard = AliasGuard(using)
        self._capture_checked_at = float("-inf")

    @property
    def available(self) -> bool:
        return self.breaker.closed

    def wait_timeout(self) -> float:
        if self.available:
            return conf.BREAKER_RESET_TIMEOUT
        return max(0.0, self.breaker.probe_at - self._clock())

    def ping(self) -> None:
        """Open the breaker if Elasticsearch is silent, so that the next request need not find out in its own time.

        A refused connection opens nothing: it costs the next request no time.
        """
        try:
            self._ping(conf.PUSH_TIMEOUT / 2)
        except ConnectionTimeout:
            self.breaker.failed(timed_out=True)
        except Exception:
            logger.debug("Elasticsearch does not respond", exc_info=True)

    def probe(self) -> None:
        """Close an open breaker if Elasticsearch responds again. Called between requests, never in their time."""
        if not self.breaker.begin_probe():
            return
        try:
            self._ping(conf.PUSH_TIMEOUT / 2)
        except Exception:
            self.breaker.failed()
        else:
            self.breaker.succeeded()

    def check_aliases(self) -> bool:
        """Return whether pushes reach the indices that are searched. One request and one query, every 10 seconds."""
        return self._alias_guard.check()

    def check_capture(self) -> bool:
        """Return whether the triggers are installed. One query, every 30 seconds.

        Without them a key without an entry may have been changed and never captured.
        """
        if self._clock() - self._capture_checked_at >= CAPTURE_CHECK_INTERVAL:
            if not all(capture.status(self.using).values()):
                logger.error("capture is not installed: run manage.py migrate; every write is `pending` until then")
                return False
            self._capture_checked_at = self._clock()
        return True

    def report(self, results: Collection[PushResult]) -> None:
        unreachable = [result for result in results if result.outcome is Outcome.UNREACHABLE]
        if unreachable:
            self.breaker.failed(timed_out=unreachable[0].error == "ConnectionTimeout")
        elif any(result.outcome in RESPONDED for result in results):
            self.breaker.succeeded()
