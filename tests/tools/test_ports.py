"""Ports: which are taken, which are free."""

import socket

from tools import ports


def test_a_port_is_open_while_somebody_listens():
    with socket.create_server((ports.HOST, 0)) as server:
        port = server.getsockname()[1]
        assert ports.is_open(port)
    assert not ports.is_open(port)


def test_a_free_port_can_be_listened_on_and_is_not_one_of_outgoing_connections():
    port = ports.free()
    assert 10_000 < port <= 32_000
    with socket.create_server((ports.HOST, port)):
        assert ports.is_open(port)
