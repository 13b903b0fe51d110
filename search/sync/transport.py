"""An HTTP node with a deadline from the first byte to the last.

The client's own timeout starts anew with every byte, so a server that drips holds a caller for minutes. Here a
watchdog shuts the socket down when the whole call has taken too long. No Django in here: settings import it.
"""

import socket
import threading
from contextlib import suppress
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

    def __init__(self) -> None:
        self.local = _current.__dict__
        self.expired = False

    def cut(self) -> None:
        self.expired = True
        sock = getattr(self.local.get("connection"), "sock", None)
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


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
        call = _Call()
        timer = threading.Timer(seconds, call.cut)
        timer.daemon = True
        timer.start()
        try:
            return super().perform_request(method, target, body=body, headers=headers, request_timeout=request_timeout)
        except elastic_transport.TransportError as error:
            if call.expired:
                raise ConnectionTimeout(f"No whole answer within {seconds} s", errors=(error,)) from error
            raise
        finally:
            timer.cancel()
            _current.connection = None
