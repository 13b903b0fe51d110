"""The black hole: what goes through it, what it swallows, and what it cuts."""

import socket
import socketserver
import threading

import pytest

from benchmarks.blackhole_proxy import Hole
from tests.support import wait_until


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while said := self.request.recv(100):
            self.request.sendall(said)


@pytest.fixture
def hole():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Hole(server.server_address[1])
        server.shutdown()


def connect(hole):
    return socket.create_connection(hole.listener.getsockname(), timeout=30)


def test_all_goes_through_until_it_is_opened(hole):
    with connect(hole) as client:
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"


def test_it_accepts_and_answers_nothing_on_old_connections_and_new_ones(hole):
    with connect(hole) as old:
        old.sendall(b"hello")
        assert old.recv(100) == b"hello"
        hole.open()
        with connect(hole) as new:
            for client in (old, new):
                client.sendall(b"hello?")
                client.settimeout(0.1)
                with pytest.raises(TimeoutError):
                    client.recv(100)


def test_whoever_waits_when_it_is_closed_is_cut_and_the_next_is_answered(hole):
    hole.open()
    with connect(hole) as client:
        client.sendall(b"hello?")
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(100)
        wait_until(lambda: len(hole.sockets) == 2)  # both ends of the connection: it is accepted
        hole.close()
        client.settimeout(30)
        assert client.recv(100) == b""
    with connect(hole) as client:
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
