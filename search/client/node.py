"""An HTTP node with a deadline from the first byte to the last.

The client's own timeout starts anew with every byte, so a server that drips holds a caller for minutes. Here a
watchdog shuts the socket down when the whole call has taken too long: one thread for all calls of the process, since
to start one for each takes a tenth of a push's time. No Django in here: settings import it.
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

_current = threading.local()


def _remember(connection: Any) -> None:
    _current.connection = connection


class _Remembered:
    """A connection that tells its thread's call which socket it uses."""

    def request(self, *args: Any, **kwargs: Any) -> Any:
        _remember(self)
        return super().request(*args, **kwargs)  # type: ignore[misc]

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        _remember(self)


class _Call:
    """One call under watch: `cut` ends it from the watchdog's thread."""

    def __init__(self, seconds: float) -> None:
        self.local = _current.__dict__
        self.ends_at = monotonic() + seconds
        self.expired = False

    def cut(self) -> None:
        self.expired = True
        sock = getattr(self.local.get("connection"), "sock", None)
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _Watchdog:
    """Cuts the calls that are late. It sleeps until the earliest end it knows, also if that call is over."""

    def __init__(self) -> None:
        self._calls: set[_Call] = set()
        self._changed = threading.Condition()
        self._wakes_at = inf
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, seconds: float) -> Iterator[_Call]:
        """Cut what this thread calls inside when `seconds` are over; never what it calls afterwards."""
        call = _Call(seconds)
        with self._changed:
            self._calls.add(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="search-watchdog", daemon=True)
                self._thread.start()
            if call.ends_at < self._wakes_at:
                self._changed.notify()
        try:
            yield call
        finally:
            with self._changed:
                self._calls.discard(call)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = monotonic()
                late = {call for call in self._calls if call.ends_at <= now}
                self._calls -= late
                for call in late:
                    call.cut()
                self._wakes_at = min((call.ends_at for call in self._calls), default=inf)
                self._changed.wait(None if self._wakes_at == inf else self._wakes_at - now)


_watchdog = _Watchdog()


def _begin_anew() -> None:
    """A child process has none of its parent's threads."""
    global _watchdog
    _watchdog = _Watchdog()


os.register_at_fork(after_in_child=_begin_anew)


class DeadlineNode(Urllib3HttpNode):
    """As Urllib3HttpNode, but `request_timeout` bounds the whole call. Raises ConnectionTimeout beyond it."""

    def __init__(self, config: elastic_transport.NodeConfig) -> None:
        super().__init__(config)
        base = self.pool.ConnectionCls
        self.pool.ConnectionCls = type(f"Remembered{base.__name__}", (_Remembered, base), {})

    def perform_request(
        self, method: str, target: str, body: Any = None, headers: Any = None, request_timeout: Any = DEFAULT
    ) -> Any:
        seconds = self.config.request_timeout if request_timeout is DEFAULT else request_timeout
        if seconds is None:
            return super().perform_request(method, target, body=body, headers=headers, request_timeout=request_timeout)
        _current.connection = None
        with _watchdog.watch(seconds) as call:
            try:
                return super().perform_request(
                    method, target, body=body, headers=headers, request_timeout=request_timeout
                )
            except elastic_transport.TransportError as error:
                if call.expired:
                    raise ConnectionTimeout(f"No whole answer within {seconds} s", errors=(error,)) from error
                raise
            finally:
                _current.connection = None
