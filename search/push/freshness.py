"""Read your writes: push pending entries and refresh the indices before a search, or after a write.

An explicit refresh rather than a bulk's `refresh=wait_for`: it takes milliseconds instead of up to an interval, does
not hold up the sender, and cannot hang on an index whose refresh is off. Concurrent callers share one refresh.
"""

import threading
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS
from elasticsearch import ApiError, TransportError

from ..client import client
from ..conf import conf
from ..mapping.registry import documents
from ..models import Entry
from .sender import sender

MAX_KEYS = 500  # pending keys that one search pushes; a larger backlog is left to the relay


class Freshness(NamedTuple):
    """Whether every change that was committed before the search is searchable, and how many are not."""

    fresh: bool
    pending: int

    def __str__(self) -> str:
        return "yes" if self.fresh else f"no; pending={self.pending}"


def ensure_fresh(using: str = DEFAULT_DB_ALIAS, *, max_keys: int = MAX_KEYS) -> Freshness:
    """Push at most `max_keys` pending keys and refresh, within PUSH_TIMEOUT; not while the breaker is open."""
    deadline = monotonic() + conf.PUSH_TIMEOUT
    pending = Entry.objects.using(using).pending().order_by("changed_at")
    if not sender(using).ready():
        return Freshness(False, pending.count())
    keys = list(pending.values_list("key", flat=True)[: max_keys + 1])
    if len(keys) > max_keys:
        return Freshness(False, pending.count())
    if keys and (conf.PUSH == "off" or not sender(using).push(keys)):
        return Freshness(False, pending.filter(key__in=keys).count())
    return Freshness(refresh(max(0.0, deadline - monotonic())), 0)


def refresh(timeout: float | None = None) -> bool:
    """Make every confirmed push searchable; return whether that succeeded within `timeout` (PUSH_TIMEOUT) seconds."""
    return _coalescer.refresh(conf.PUSH_TIMEOUT if timeout is None else timeout)


def refresh_indices(timeout: float) -> bool:
    aliases = sorted({document._index._name for document in documents()})
    # Every index, not only the live ones: a swap before the search must not hide what was made fresh.
    names = [name for alias in aliases for name in (alias, f"{alias}-*")]
    try:
        # ignore_unavailable: a document that has no index yet must not fail the refresh of the others.
        client().options(request_timeout=timeout).indices.refresh(index=names, ignore_unavailable=True)
    except (ApiError, TransportError):
        return False
    return True


class _Round:
    """One refresh that any number of callers wait for."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.succeeded = False


class RefreshCoalescer:
    """Lets concurrent callers share a refresh. Each joins the *next* one, since one under way may miss its write."""

    def __init__(
        self, refresh_indices: Callable[[float], bool] = refresh_indices, clock: Callable[[], float] = monotonic
    ) -> None:
        self._refresh_indices = refresh_indices
        self._clock = clock
        self._lock = threading.Lock()
        self._running = threading.Lock()
        self._next = _Round()

    def refresh(self, timeout: float) -> bool:
        """Return whether a refresh that began after this call succeeded within `timeout` seconds."""
        deadline = self._clock() + timeout
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
        try:
            joined.succeeded = self._refresh_indices(max(0.01, deadline - self._clock()))
        finally:
            joined.ended.set()


_coalescer = RefreshCoalescer()
