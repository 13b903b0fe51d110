"""What the tests of searching share: 500 orders in an index."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from elasticsearch.helpers import bulk

from search.documents import OrderDocument
from search.index import indices
from search.index.engine import client
from search.index.fingerprint import signed_body
from tests.search.five_hundred import five_hundred


@contextmanager
def index_of(sources: Iterable[dict[str, Any]]) -> Iterator[str]:
    """An index of the order's document with these. Its name is not one that the `engine` fixture clears."""
    name = f"table-{indices.new_name('orders')}"
    patient = client(request_timeout=60)
    patient.indices.create(index=name, **signed_body(OrderDocument))
    try:
        bulk(patient, ({"_index": name, "_id": source["id"], "_source": source} for source in sources), refresh=True)
        yield name
    finally:
        patient.indices.delete(index=name)


@pytest.fixture(scope="module")
def asked() -> Iterator[str]:
    """The name of an index with the 500 orders, for a whole module."""
    with index_of(five_hundred()) as name:
        yield name


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time limit that a busy machine keeps too, where the limit is not what is tested."""
    monkeypatch.setattr("search.asking.TIMEOUT", 10.0)
