"""The black hole: what passes through it, what it swallows, and which connections it cuts."""

import socket
import socketserver
import threading

import pytest

from tests.support import wait_until
from tools.fault_proxy import BlackHoleProxy


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(100):
            self.request.sendall(data)


@pytest.fixture
def proxy():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        proxy = BlackHoleProxy(f"http://127.0.0.1:{server.server_address[1]}")
        yield proxy
        proxy.refuse()
        server.shutdown()


def connect(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=30)


def test_all_bytes_pass_until_it_is_opened(proxy):
    with connect(proxy) as client:
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"


def test_it_accepts_and_answers_nothing_on_old_connections_and_new_ones(proxy):
    with connect(proxy) as old:
        old.sendall(b"hello")
        assert old.recv(100) == b"hello"
        proxy.open()
        with connect(proxy) as new:
            for client in (old, new):
                client.sendall(b"hello?")
                client.settimeout(0.1)
                with pytest.raises(TimeoutError):
                    client.recv(100)


def test_closing_it_cuts_the_clients_that_wait_and_answers_the_next(proxy):
    proxy.open()
    with connect(proxy) as client:
        client.sendall(b"hello?")
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(100)
        wait_until(lambda: len(proxy._connections) == 2)  # both ends of the connection: it is accepted
        proxy.close()
        client.settimeout(30)
        assert client.recv(100) == b""
    with connect(proxy) as client:
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
