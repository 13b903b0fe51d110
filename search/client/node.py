"""An HTTP node whose request timeout bounds the whole call.

The client's own timeout starts again with every byte received, so a slow server can hold a caller for minutes. Here a
watchdog shuts the call's socket down at the deadline. One thread watches all calls of the process, since starting one
per call takes a tenth of a push's time. The settings import this module, so it does not import Django.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf
from time import monotonic
from typing import Any

import elastic_transport
from elastic_transport import ConnectionTimeout, Urllib3HttpNode
from elastic_transport.client_utils import DEFAULT
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Call:
    """A call under watch. Its connection reports itself, so the watchdog's thread can shut down the socket."""

    def __init__(self, seconds: float) -> None:
        self.deadline = monotonic() + seconds
        self.connection: HTTPConnection | None = None
        self.expired = False

    def expire(self) -> None:
        self.expired = True
        sock = getattr(self.connection, "sock", None)
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _CurrentCall(threading.local):
    """The call that this thread makes, if it is watched."""

    call: _Call | None = None


_current = _CurrentCall()


class _WatchedHTTPConnection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _report(self)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _report(self)
        super().request(*args, **kwargs)


class _WatchedHTTPSConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _report(self)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _report(self)
        super().request(*args, **kwargs)


def _report(connection: HTTPConnection) -> None:
    if _current.call is not None:
        _current.call.connection = connection


class _Watchdog:
    """Expires calls at their deadlines. Sleeps until the earliest deadline, even if that call has returned."""

    def __init__(self) -> None:
        self._calls: set[_Call] = set()
        self._changed = threading.Condition()
        self._wakes_at = inf
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, seconds: float) -> Iterator[_Call]:
        """Expire the call that this thread makes inside after `seconds`; never a later one."""
        call = _Call(seconds)
        with self._changed:
            self._calls.add(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="search-watchdog", daemon=True)
                self._thread.start()
            if call.deadline < self._wakes_at:
                self._changed.notify()
        _current.call = call
        try:
            yield call
        finally:
            _current.call = None
            call.connection = None  # it is back in the pool, and may be another call's by now
            with self._changed:
                self._calls.discard(call)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = monotonic()
                late_calls = {call for call in self._calls if call.deadline <= now}
                self._calls -= late_calls
                for call in late_calls:
                    call.expire()
                self._wakes_at = min((call.deadline for call in self._calls), default=inf)
                self._changed.wait(None if self._wakes_at == inf else self._wakes_at - now)


_watchdogs: dict[int, _Watchdog] = {}  # by process id: a forked child has none of its parent's threads


def _watchdog() -> _Watchdog:
    """Return this process's watchdog. setdefault() is atomic, so no lock is needed that a fork could copy locked."""
    pid = os.getpid()
    return _watchdogs.get(pid) or _watchdogs.setdefault(pid, _Watchdog())


class DeadlineNode(Urllib3HttpNode):
    """As Urllib3HttpNode, but `request_timeout` bounds the whole call. Raises ConnectionTimeout beyond it."""

    def __init__(self, config: elastic_transport.NodeConfig) -> None:
        super().__init__(config)
        self.pool.ConnectionCls = _WatchedHTTPSConnection if config.scheme == "https" else _WatchedHTTPConnection

    def perform_request(
        self, method: str, target: str, body: Any = None, headers: Any = None, request_timeout: Any = DEFAULT
    ) -> Any:
        seconds = self.config.request_timeout if request_timeout is DEFAULT else request_timeout
        if seconds is None:
            return super().perform_request(method, target, body=body, headers=headers, request_timeout=request_timeout)
        with _watchdog().watch(seconds) as call:
            try:
                return super().perform_request(
                    method, target, body=body, headers=headers, request_timeout=request_timeout
                )
            except elastic_transport.TransportError as error:
                if call.expired:
                    raise ConnectionTimeout(f"No complete response within {seconds} s", errors=(error,)) from error
                raise
