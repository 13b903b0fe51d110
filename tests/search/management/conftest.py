"""What the commands' tests share."""

from collections.abc import Callable, Iterator

import pytest
from elasticsearch.dsl.connections import connections


@pytest.fixture
def engine_away() -> Iterator[Callable[[], None]]:
    """Lets the client talk to a port where nobody answers, from the call until the test ends."""
    before = connections.get_connection()

    def move() -> None:
        connections.remove_connection("default")
        connections.create_connection(hosts=["http://127.0.0.1:9"], max_retries=0)

    yield move
    connections.remove_connection("default")
    connections.add_connection("default", before)
