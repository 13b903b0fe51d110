"""A way to a server on loopback that can become a black hole: connections are accepted, and nothing is answered."""

import socket
import threading
from contextlib import suppress

from tools import ports

CHUNK = 1 << 16


class Hole:
    """Listens on a port of its own. While it is open, what is sent is swallowed; closing it cuts what fell in."""

    def __init__(self, port: int) -> None:
        self.behind = port
        self.swallows = threading.Event()
        self.sockets: set[socket.socket] = set()
        self.listener = socket.create_server((ports.HOST, 0), backlog=512)
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where to reach the server by this way."""
        return f"http://{ports.HOST}:{self.listener.getsockname()[1]}"

    def open(self) -> None:
        """From now on nothing is answered, also on connections that are there already."""
        self.swallows.set()

    def close(self) -> None:
        """Let all through again; who waits for an answer finds the connection cut."""
        for each in [*self.sockets]:
            cut(each)
        self.swallows.clear()

    def accept(self) -> None:
        """Take each connection, and a new one to the server for it."""
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection((ports.HOST, self.behind))
            for one, other in ((near, far), (far, near)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.sockets.add(one)
                threading.Thread(target=self.carry, args=(one, other), daemon=True).start()

    def carry(self, one: socket.socket, other: socket.socket) -> None:
        """Bring what one side says to the other, until one of them ends."""
        with suppress(OSError):
            while said := one.recv(CHUNK):
                if not self.swallows.is_set():
                    other.sendall(said)
        cut(other)
        self.sockets.discard(one)
        one.close()


def cut(connection: socket.socket) -> None:
    """End a connection both ways."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
