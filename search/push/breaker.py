"""The circuit breaker: after consecutive failures nothing is pushed until a probe finds that Elasticsearch responds."""

import logging
import threading
from collections.abc import Callable
from enum import StrEnum
from time import monotonic

from .. import metrics
from ..conf import conf

logger = logging.getLogger(__name__)


class BreakerState(StrEnum):
    """Whether pushes are tried."""

    CLOSED = "closed"  # yes
    OPEN = "open"  # no: Elasticsearch did not respond
    HALF_OPEN = "half_open"  # no: a probe is under way


class Breaker:
    """Counts consecutive failures. A timeout opens it at once: each further try would hold a request as long."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.state = BreakerState.CLOSED
        self.failures = 0
        self.reopened = 0  # openings in quick succession; each doubles the time to the next probe
        self.probe_at = 0.0
        self.closed_at = 0.0
        self._clock = clock
        self._lock = threading.Lock()
        _set_metric(self.state)  # a forked process begins with its parent's metrics

    @property
    def closed(self) -> bool:
        return self.state is BreakerState.CLOSED

    def succeeded(self) -> None:
        with self._lock:
            self.failures = 0
            if not self.closed:
                self.closed_at = self._clock()
                self._change_state(BreakerState.CLOSED)

    def failed(self, *, timed_out: bool = False) -> None:
        with self._lock:
            self.failures += 1
            if self.state is BreakerState.HALF_OPEN or (
                self.closed and (timed_out or self.failures >= conf.BREAKER_FAIL_MAX)
            ):
                self._open()

    def begin_probe(self) -> bool:
        """Return True to the one caller that should probe now."""
        with self._lock:
            if self.state is not BreakerState.OPEN or self._clock() < self.probe_at:
                return False
            self._change_state(BreakerState.HALF_OPEN)
            return True

    def _open(self) -> None:
        if self.closed:
            soon = self._clock() - self.closed_at < 10 * conf.BREAKER_RESET_TIMEOUT
            self.reopened = min(self.reopened + 1, 3) if soon else 0
        self.probe_at = self._clock() + conf.BREAKER_RESET_TIMEOUT * 2**self.reopened
        self._change_state(BreakerState.OPEN)

    def _change_state(self, state: BreakerState) -> None:
        """Change the state. Only opening and closing are warnings: there is a probe every second."""
        level = logging.WARNING if BreakerState.CLOSED in (state, self.state) else logging.DEBUG
        logger.log(level, "circuit breaker %s", state)
        self.state = state
        _set_metric(state)


def _set_metric(current: BreakerState) -> None:
    for state in BreakerState:
        metrics.breaker.labels(state.value).set(state is current)


_set_metric(BreakerState.CLOSED)
