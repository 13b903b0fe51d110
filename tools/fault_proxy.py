"""A proxy on loopback before the engine, whose fault of the moment decides what becomes of each request."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from struct import pack
from urllib.parse import urlsplit

from tests.faults import http
from tests.faults.http import Answer, Request


class ConnectionEnded(Exception):
    """The fault has ended this connection."""


class Exchange:
    """One request of a client, and what a fault can do with it."""

    def __init__(self, proxy: "FaultProxy", client: socket.socket, request: Request) -> None:
        self.proxy = proxy
        self.client = client
        self.request = request

    def forward(self, request: Request | None = None) -> Answer:
        """What the engine answers to this request, or to another in its place."""
        return self.proxy.ask(request or self.request)

    def send(self, data: Answer | bytes) -> None:
        """Send an answer, or some bytes of one."""
        self.client.sendall(bytes(data))

    def reset(self) -> None:
        """Drop the connection with a RST, as a crashed peer does."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        raise ConnectionEnded


class Fault:
    """The absence of faults, and the base of them all. An instance is used once."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def begin(self, proxy: "FaultProxy") -> None:
        """Called before the first request."""

    def handle(self, exchange: Exchange) -> None:
        """Called with each request, in its connection's thread."""
        exchange.send(exchange.forward())

    def end(self, proxy: "FaultProxy") -> None:
        """Called when the next fault takes over; `over` is set."""


class FaultProxy:
    """Listens on a free port, which it keeps; one thread a connection."""

    def __init__(self, engine: str) -> None:
        parts = urlsplit(engine)
        self.engine = (parts.hostname or "127.0.0.1", parts.port or 9200)
        self.fault = Fault()
        self.port = 0
        self._listener: socket.socket | None = None
        self._clients: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.listen()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, request: Request) -> Answer:
        """Ask the engine."""
        return http.ask(*self.engine, request)

    def switch(self, fault: Fault) -> None:
        """From now on `fault` decides; the one before it ends."""
        before, self.fault = self.fault, fault
        before.over.set()
        before.end(self)
        fault.begin(self)

    @contextmanager
    def during(self, fault: Fault) -> Iterator[Fault]:
        """`fault` inside the block, none after it."""
        self.switch(fault)
        try:
            yield fault
        finally:
            self.switch(Fault())

    def listen(self) -> None:
        """Take connections; harmless when it does."""
        with self._lock:
            if self._listener is None:
                self._listener = socket.create_server(("127.0.0.1", self.port), backlog=100)
                self.port = self._listener.getsockname()[1]
                threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Refuse connections and end those that are open."""
        with self._lock:
            listener, self._listener = self._listener, None
            if listener:
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept()
                listener.close()
            for client in self._clients:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End everything."""
        self.switch(Fault())
        self.refuse()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, listener), daemon=True).start()

    def _serve(self, client: socket.socket, listener: socket.socket) -> None:
        with self._lock:
            if self._listener is not listener:  # refused since it was accepted
                client.close()
                return
            self._clients.add(client)
        try:
            # The file is closed with the socket: while either is open, no RST is sent.
            with client, client.makefile("rb") as reader:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while request := http.read_request(reader):
                    self.fault.handle(Exchange(self, client, request))
        except (OSError, ValueError, ConnectionEnded):
            return  # either side went away
        finally:
            with self._lock:
                self._clients.discard(client)
