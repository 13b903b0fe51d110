"""The whole call has a deadline, whatever the socket does."""

import os
import socket
import threading
from time import monotonic, sleep

import pytest
from elastic_transport import ConnectionTimeout, NodeConfig

from search.client.node import DeadlineNode

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


@pytest.fixture
def serve():
    """Start a server that answers each connection by `speak(connection)`; gives its port."""
    sockets = []

    def start(speak):
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)

        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                sockets.append(connection)
                threading.Thread(target=speak, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    yield start
    for each in sockets:
        each.close()


def drip(head, body):
    def speak(connection):
        connection.recv(65536)
        try:
            connection.sendall(head)
            for at in range(len(body)):
                sleep(0.1)
                connection.sendall(body[at : at + 1])
        except OSError:
            return

    return speak


def node(port):
    return DeadlineNode(NodeConfig("http", "127.0.0.1", port))


@pytest.mark.parametrize("head", [HEAD % 100, b""], ids=["in the body", "in the head"])
def test_a_server_that_drips_is_cut_at_the_deadline(serve, head):
    found = node(serve(drip(head, b" " * 100)))
    begun = monotonic()
    with pytest.raises(ConnectionTimeout) as raised:
        found.perform_request("GET", "/", request_timeout=0.5)
    assert raised.value.message == "No complete response within 0.5 s"
    assert 0.4 < monotonic() - begun < 1.0


def test_a_black_hole_is_cut_at_the_deadline(serve):
    found = node(serve(lambda connection: sleep(5)))
    begun = monotonic()
    with pytest.raises(ConnectionTimeout):
        found.perform_request("GET", "/", request_timeout=0.3)
    assert monotonic() - begun < 0.8


def test_a_quick_answer_is_whole_and_the_connection_is_used_again(serve):
    connections = []

    def speak(connection):
        connections.append(connection)
        while connection.recv(65536):
            connection.sendall(HEAD % 2 + b"{}")

    found = node(serve(speak))
    answers = [found.perform_request("GET", "/", request_timeout=1.0).body for _ in range(3)]
    assert answers == [b"{}"] * 3
    assert len(connections) == 1


def test_a_cut_call_does_not_hurt_the_next(serve):
    calls = []

    def speak(connection):
        calls.append(1)
        connection.recv(65536)
        if len(calls) == 1:
            sleep(2)
        else:
            connection.sendall(HEAD % 2 + b"{}")

    found = node(serve(speak))
    with pytest.raises(ConnectionTimeout):
        found.perform_request("GET", "/", request_timeout=0.2)
    assert found.perform_request("GET", "/", request_timeout=1.0).body == b"{}"


def watchdogs():
    return [thread for thread in threading.enumerate() if thread.name == "search-watchdog"]


def test_one_thread_watches_all_calls(serve):
    def speak(connection):
        while connection.recv(65536):
            connection.sendall(HEAD % 2 + b"{}")

    found = node(serve(speak))
    for _ in range(3):
        found.perform_request("GET", "/", request_timeout=1.0)
    assert len(watchdogs()) == 1


def test_an_earlier_end_than_those_that_are_known_is_kept(serve):
    port = serve(lambda connection: sleep(5))
    patient = threading.Thread(target=call, args=(port, 2.0))
    patient.start()
    assert call(port, 0.3) < 0.8
    patient.join()


def call(port, seconds):
    """Call what does not answer; after how many seconds it was cut."""
    begun = monotonic()
    with pytest.raises(ConnectionTimeout):
        node(port).perform_request("GET", "/", request_timeout=seconds)
    return monotonic() - begun


def test_a_child_process_has_a_watchdog_of_its_own(serve):
    port = serve(lambda connection: sleep(5))
    call(port, 0.1)
    child = os.fork()
    if not child:
        code = 1
        try:
            code = 0 if call(port, 0.3) < 0.8 else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
