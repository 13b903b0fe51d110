"""Concurrent requests: real threads, each with its own database connection."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection, connections
from rest_framework.test import APIClient

Answer = tuple[int, Any]


def answer(method: str, path: str, body: object = None) -> Answer:
    """Send a request by a client of its own; return the status and the JSON."""
    response = getattr(APIClient(raise_request_exception=False), method)(path, body)
    return response.status_code, response.json() if response.content else None


def at_once(*calls: Callable[[], Answer]) -> list[Answer]:
    """Return the answers of calls that start together."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        barrier.wait(10)
        return closing_connections(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def closing_connections(call: Callable[[], Answer]) -> Answer:
    """Call, then close the connections of this thread, so that the test database can be dropped."""
    try:
        return call()
    finally:
        connections.close_all()


def wait_until_locked_out() -> None:
    """Return once another session waits for a lock that this one holds."""
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchone():
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("no session waits for a lock of this one")
