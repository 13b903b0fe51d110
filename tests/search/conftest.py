"""What the tests of search share: an engine that is away, an index that refuses, a request's status, 500 orders."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.dsl.connections import connections
from elasticsearch.helpers import bulk

from search.documents import OrderDocument
from search.index import indices as index_records
from search.index.engine import client
from search.index.fingerprint import signed_body
from search.sync import status
from tests.search.five_hundred import five_hundred
from tests.shop.documents import ItemDocument
from tests.support import wait_until


@pytest.fixture
def patient_push(settings: Any) -> None:
    """A push may take its time on a busy machine."""
    settings.SEARCH_PUSH_TIMEOUT = 20.0


@pytest.fixture
def answer() -> Iterator[status.RequestStatus]:
    """The status of the request that the test stands for."""
    found = status.RequestStatus()
    token = status.current.set(found)
    yield found
    status.current.reset(token)


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


@pytest.fixture
def refusing(indices: Elasticsearch) -> str:
    """The items' live index refuses, by its mapping, names that are no dates. Its name."""
    alias, shape = index_records.alias_of(ItemDocument), signed_body(ItemDocument)
    name = index_records.new_name(alias)
    old = index_records.live(alias)
    assert old
    shape["mappings"]["properties"] = shape["mappings"]["properties"] | {"name": {"type": "date"}}
    indices.indices.create(index=name, mappings=shape["mappings"], settings=shape["settings"])
    indices.indices.delete(index=old.name)
    index_records.point(alias, name)
    index_records.record_live(alias, name, "default")
    return name


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
def asked() -> Iterator[str]:
    """The name of an index with the 500 orders, for a whole module."""
    with index_of(five_hundred()) as name:
        yield name


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time limit that a busy machine keeps too, where the limit is not what is tested."""
    monkeypatch.setattr("search.asking.TIMEOUT", 10.0)
