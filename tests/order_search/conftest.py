"""What the tests of order_search share: an index with 500 orders, and a time limit that a busy machine keeps."""

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
    """An index of the order's document with these. Its name is not one that the `engine` fixture clears."""
    name = f"table-{index_records.new_name('orders')}"
    patient = client(request_timeout=60)
    patient.indices.create(index=name, **signed_body(OrderDocument))
    try:
        bulk(patient, ({"_index": name, "_id": source["id"], "_source": source} for source in sources), refresh=True)
        yield name
    finally:
        patient.indices.delete(index=name)


def points_in_time(name: str, expected: int) -> None:
    """Insist on so many points in time that the engine keeps of an index; a search's own end a moment after it."""

    def kept() -> int:
        stats = client().indices.stats(index=name, metric="search")["_all"]["primaries"]["search"]
        return int(stats["open_contexts"])

    wait_until(lambda: kept() == expected, why=f"not {expected} but {kept()} points in time")


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    """The name of an index with the 500 orders, for a whole module."""
    with index_of(five_hundred()) as name:
        yield name


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time limit that a busy machine keeps too, where the limit is not what is tested."""
    monkeypatch.setattr("search.query.client.TIMEOUT", 10.0)
