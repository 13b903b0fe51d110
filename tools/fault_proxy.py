"""Proxies on loopback between a client and Elasticsearch that can break the connection on demand.

`FaultProxy` reads each HTTP request and lets a `Fault` decide what happens to it. `BlackHoleProxy` only copies bytes,
so that a benchmark can measure through it: reading the messages would cost more than the service under test.
"""

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from struct import pack
from urllib.parse import urlsplit

from tools import http_messages, ports
from tools.http_messages import Answer, Request

CHUNK_SIZE = 1 << 16  # bytes


class Proxy(ABC):
    """A listener on a free port of its own, which it keeps, with one thread a connection."""

    def __init__(self, server_url: str) -> None:
        parts = urlsplit(server_url)
        self.server = (parts.hostname or ports.HOST, parts.port or 9200)
        self.port = 0
        self._listener: socket.socket | None = None
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.listen()

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    @abstractmethod
    def serve(self, client: socket.socket) -> None:
        """Serve one connection until either side closes it, which may raise OSError."""

    def listen(self) -> None:
        with self._lock:
            if self._listener is None:
                self._listener = socket.create_server((ports.HOST, self.port), backlog=512)
                self.port = self._listener.getsockname()[1]
                threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        with self._lock:
            listener, self._listener = self._listener, None
            if listener:
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept()
                listener.close()
        self.cut_connections()

    def cut_connections(self) -> None:
        with self._lock:
            for connection in self._connections:
                cut(connection)

    @contextmanager
    def tracked(self, connection: socket.socket) -> Iterator[None]:
        """Let `cut_connections` reach this connection within the block. Disable Nagle's algorithm on it."""
        with self._lock:
            self._connections.add(connection)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, listener), daemon=True).start()

    def _serve(self, client: socket.socket, listener: socket.socket) -> None:
        with client, suppress(OSError), self.tracked(client):
            if self._listener is listener:  # otherwise refuse() was called after the connection was accepted
                self.serve(client)


class BlackHoleProxy(Proxy):
    """A proxy that copies bytes and can become a black hole: it accepts connections and answers nothing."""

    def __init__(self, server_url: str) -> None:
        self._is_open = threading.Event()
        super().__init__(server_url)

    def open(self) -> None:
        """Swallow all bytes from now on, also those of connections that are already open."""
        self._is_open.set()

    def close(self) -> None:
        """Cut the connections that were swallowed, and copy again."""
        self.cut_connections()
        self._is_open.clear()

    def serve(self, client: socket.socket) -> None:
        with socket.create_connection(self.server) as server, self.tracked(server):
            answers = threading.Thread(target=self._copy, args=(server, client), daemon=True)
            answers.start()
            self._copy(client, server)
            answers.join()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK_SIZE):
                if not self._is_open.is_set():
                    target.sendall(data)
        cut(target)


class ConnectionEnded(OSError):
    """A fault has ended this connection."""


class Exchange:
    """One request of a client, and what a fault can do with it."""

    def __init__(self, proxy: "FaultProxy", client: socket.socket, request: Request) -> None:
        self.proxy = proxy
        self.client = client
        self.request = request

    def forward(self, request: Request | None = None) -> Answer:
        return self.proxy.ask(request or self.request)

    def send(self, data: Answer | bytes) -> None:
        self.client.sendall(bytes(data))

    def reset(self) -> None:
        """Drop the connection with a RST, as a crashed peer does."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        raise ConnectionEnded


class Fault:
    """The absence of a fault, and the base class of all faults. Use an instance once."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def begin(self, proxy: "FaultProxy") -> None:
        """Prepare the fault, before its first request."""

    def handle(self, exchange: Exchange) -> None:
        """Handle one request, in its connection's thread."""
        exchange.send(exchange.forward())

    def end(self, proxy: "FaultProxy") -> None:
        """Clean up when the next fault takes over; `over` is set."""


class FaultProxy(Proxy):
    """A proxy whose current fault handles each HTTP request."""

    def __init__(self, server_url: str) -> None:
        self.fault = Fault()
        super().__init__(server_url)

    def ask(self, request: Request) -> Answer:
        return http_messages.ask(*self.server, request)

    def switch(self, fault: Fault) -> None:
        before, self.fault = self.fault, fault
        before.over.set()
        before.end(self)
        fault.begin(self)

    @contextmanager
    def during(self, fault: Fault) -> Iterator[Fault]:
        self.switch(fault)
        try:
            yield fault
        finally:
            self.switch(Fault())

    def close(self) -> None:
        self.switch(Fault())
        self.refuse()

    def serve(self, client: socket.socket) -> None:
        # The file is closed with the socket: while either is open, no RST is sent.
        with client, client.makefile("rb") as reader, suppress(ValueError):
            while request := http_messages.read_request(reader):
                self.fault.handle(Exchange(self, client, request))


def cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
