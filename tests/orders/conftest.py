"""Fixtures of the tests of orders."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from rest_framework.test import APIClient

from tests.orders.concurrency import Answer, closing_connections

Start = Callable[[Callable[[], Answer]], "Future[Answer]"]


@pytest.fixture
def client() -> APIClient:
    """Return a client that gets a 500 as a response, not as an exception."""
    return APIClient(raise_request_exception=False)


@pytest.fixture
def started() -> Iterator[Start]:
    """Return a function that starts a call in a thread and returns its future."""
    with ThreadPoolExecutor(4) as pool:
        yield lambda call: pool.submit(closing_connections, call)
