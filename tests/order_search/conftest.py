"""Fixtures of the order search's tests: an index with 500 orders, and a longer time limit."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from elasticsearch.helpers import bulk

from order_search.documents import OrderDocument
from search.client import client
from search.indices import lifecycle as index_records
from search.mapping.fingerprint import signed_body
from tests.order_search.five_hundred import five_hundred
from tests.support import wait_until


@contextmanager
def index_of(sources: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Create an index of these orders. The `engine` fixture does not clear it, because of its name."""
    name = f"table-{index_records.new_index_name('orders')}"
    patient = client(request_timeout=60)
    patient.indices.create(index=name, **signed_body(OrderDocument))
    try:
        bulk(patient, ({"_index": name, "_id": source["id"], "_source": source} for source in sources), refresh=True)
        yield name
    finally:
        patient.indices.delete(index=name)


def points_in_time(name: str, expected: int) -> None:
    """Assert how many points in time the engine keeps of an index; closing one takes the engine a little time."""

    def count() -> int:
        stats = client().indices.stats(index=name, metric="search")["_all"]["primaries"]["search"]
        return int(stats["open_contexts"])

    wait_until(lambda: count() == expected, why=f"not {expected} but {count()} points in time")


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    """The name of an index with the 500 orders, for a whole module."""
    with index_of(five_hundred()) as name:
        yield name


@pytest.fixture
def patient(settings: Any) -> None:
    """Give a search more time, for a busy machine, where the limit is not what is tested."""
    settings.SEARCH_TIMEOUT = 10.0
