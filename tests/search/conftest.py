"""Fixtures for the tests of search: an unreachable engine, an index that rejects documents, a request's status."""

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
    """Give a push more time, for busy machines."""
    settings.SEARCH_PUSH_TIMEOUT = 20.0


@pytest.fixture
def answer() -> Iterator[request_status.RequestStatus]:
    """Run the test in a request. Return its status."""
    status = request_status.RequestStatus()
    token = request_status.current.set(status)
    yield status
    request_status.current.reset(token)


@pytest.fixture
def engine_away() -> Iterator[Callable[[], None]]:
    """Return a function that makes the engine unreachable until the test ends."""
    before = connections.get_connection()

    def move() -> None:
        connections.remove_connection("default")
        connections.create_connection(hosts=["http://127.0.0.1:9"], max_retries=0)

    yield move
    connections.remove_connection("default")
    connections.add_connection("default", before)


@pytest.fixture
def refusing(indices: Elasticsearch) -> str:
    """Let the items' live index reject, by its mapping, names that are not dates. Return its name."""
    alias, body = aliases.alias_of(ItemDocument), signed_body(ItemDocument)
    name = index_records.new_index_name(alias)
    old = records.live_index(alias)
    assert old
    body["mappings"]["properties"] = body["mappings"]["properties"] | {"name": {"type": "date"}}
    indices.indices.create(index=name, mappings=body["mappings"], settings=body["settings"])
    indices.indices.delete(index=old.name)
    aliases.add_alias(alias, name)
    records.record_live(alias, name, "default")
    return name
