"""Makes what was pushed searchable now. Concurrent callers share one refresh.

An explicit refresh rather than a bulk's `refresh=wait_for`: it takes milliseconds instead of up to an interval, does
not hold up the sender, and cannot hang on an index whose refresh is off.
"""

import threading
from time import monotonic

from elasticsearch import ApiError, TransportError

from ..client import client
from ..conf import conf
from ..mapping.registry import documents


class _Round:
    """One refresh that any number of callers wait for."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.succeeded = False


class SharedRefresh:
    """A caller joins the *next* refresh, never one that has begun: that one may have missed its write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = threading.Lock()
        self._next = _Round()

    def refresh(self, timeout: float) -> bool:
        """Whether a refresh begun after this call ended well within `timeout` seconds."""
        deadline = monotonic() + timeout
        with self._lock:
            joined = self._next
        if self._running.acquire(timeout=timeout):
            try:
                if not joined.ended.is_set():
                    self._run(joined, deadline)
            finally:
                self._running.release()
        return joined.ended.is_set() and joined.succeeded

    def _run(self, joined: _Round, deadline: float) -> None:
        with self._lock:
            self._next = _Round()
        aliases = sorted({document._index._name for document in documents()})
        # Every index, not the searched ones alone: a swap before the search must not hide what was made fresh.
        names = [name for alias in aliases for name in (alias, f"{alias}-*")]
        try:
            client().options(request_timeout=max(0.01, deadline - monotonic())).indices.refresh(
                index=names,
                ignore_unavailable=True,  # a document whose index is not made yet keeps no other from being seen
            )
            joined.succeeded = True
        except (ApiError, TransportError):
            joined.succeeded = False
        finally:
            joined.ended.set()


_shared = SharedRefresh()


def refresh(timeout: float | None = None) -> bool:
    """Make every confirmed push searchable; whether that was done within `timeout` (PUSH_TIMEOUT) seconds."""
    return _shared.refresh(conf.PUSH_TIMEOUT if timeout is None else timeout)
