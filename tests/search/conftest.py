"""What the tests of search share: an engine that is away, an index that refuses, a request's status, 500 orders."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.dsl.connections import connections

from search.indices import aliases, records
from search.indices import lifecycle as index_records
from search.mapping.fingerprint import signed_body
from search.push import request_status
from tests.shop.documents import ItemDocument


@pytest.fixture
def patient_push(settings: Any) -> None:
    """A push may take its time on a busy machine."""
    settings.SEARCH_PUSH_TIMEOUT = 20.0


@pytest.fixture
def answer() -> Iterator[request_status.RequestStatus]:
    """The status of the request that the test stands for."""
    found = request_status.RequestStatus()
    token = request_status.current.set(found)
    yield found
    request_status.current.reset(token)


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
    alias, shape = aliases.alias_of(ItemDocument), signed_body(ItemDocument)
    name = index_records.new_index_name(alias)
    old = records.live_index(alias)
    assert old
    shape["mappings"]["properties"] = shape["mappings"]["properties"] | {"name": {"type": "date"}}
    indices.indices.create(index=name, mappings=shape["mappings"], settings=shape["settings"])
    indices.indices.delete(index=old.name)
    aliases.add_alias(alias, name)
    records.record_live(alias, name, "default")
    return name
