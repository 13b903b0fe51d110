"""TCP ports on loopback."""

import random
import socket

HOST = "127.0.0.1"
# Below the ports that systems use for outgoing connections, so that a chosen port stays free.
FIRST, LAST = 10_001, 32_000


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def free() -> int:
    while True:
        port = random.randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port
