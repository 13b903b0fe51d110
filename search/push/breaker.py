"""The circuit breaker: after failures in a row no push is tried until a probe says the engine is back."""

import logging
import threading
from enum import StrEnum
from time import monotonic

from .. import metrics
from ..conf import conf

logger = logging.getLogger(__name__)


class BreakerState(StrEnum):
    """Whether pushes are tried."""

    CLOSED = "closed"  # yes
    OPEN = "open"  # no: the engine did not answer
    HALF_OPEN = "half_open"  # a probe is looking


class Breaker:
    """Counts failures in a row. A timeout opens it at once: each further try would hold a request as long."""

    def __init__(self) -> None:
        self.state = BreakerState.CLOSED
        self.failures = 0
        self.reopened = 0  # openings in quick succession; each doubles the time to the next probe
        self.probe_at = 0.0
        self.closed_at = 0.0
        self._lock = threading.Lock()
        _show(self.state)  # a child process begins with its parent's metrics

    @property
    def closed(self) -> bool:
        """Whether pushes may be tried."""
        return self.state is BreakerState.CLOSED

    def succeeded(self) -> None:
        """The engine answered a push or a probe."""
        with self._lock:
            self.failures = 0
            if not self.closed:
                self.closed_at = monotonic()
                self._move(BreakerState.CLOSED)

    def failed(self, *, timed_out: bool = False) -> None:
        """The engine did not answer a push or a probe."""
        with self._lock:
            self.failures += 1
            if self.state is BreakerState.HALF_OPEN or (
                self.closed and (timed_out or self.failures >= conf.BREAKER_FAIL_MAX)
            ):
                self._open()

    def take_probe(self) -> bool:
        """True for the one caller that shall look now whether the engine is back."""
        with self._lock:
            if self.state is not BreakerState.OPEN or monotonic() < self.probe_at:
                return False
            self._move(BreakerState.HALF_OPEN)
            return True

    def _open(self) -> None:
        if self.closed:
            quick = monotonic() - self.closed_at < 10 * conf.BREAKER_RESET_TIMEOUT
            self.reopened = min(self.reopened + 1, 3) if quick else 0
        self.probe_at = monotonic() + conf.BREAKER_RESET_TIMEOUT * 2**self.reopened
        self._move(BreakerState.OPEN)

    def _move(self, state: BreakerState) -> None:
        """Change the state; in the log once for each change. A probe's are not news: it looks each second."""
        news = BreakerState.CLOSED in (state, self.state)
        logger.log(logging.WARNING if news else logging.DEBUG, "circuit breaker %s", state)
        self.state = state
        _show(state)


def _show(state: BreakerState) -> None:
    """Tell the metrics."""
    for each in BreakerState:
        metrics.breaker.labels(each.value).set(each is state)


_show(BreakerState.CLOSED)
