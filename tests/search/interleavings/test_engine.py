"""What the traces rest on: how Elasticsearch itself treats versions, deletes, aliases and missing indices."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from elasticsearch import ApiError, Elasticsearch

from order_search.documents import OrderDocument
from search.indices.template import put_template
from tools import cache, elasticsearch, ports

pytestmark = [pytest.mark.engine, pytest.mark.real, pytest.mark.conformance]


@pytest.fixture
def name(engine: Elasticsearch) -> str:
    """An index of no document, with the settings of ours."""
    found = f"{settings.SEARCH_INDEX_PREFIX}traces"
    create(engine, found)
    return found


def create(engine: Elasticsearch, name: str) -> None:
    engine.indices.create(index=name, settings={"number_of_shards": 1, "number_of_replicas": 0, "gc_deletes": "1h"})


def status_and_result(call: Any, **values: Any) -> tuple[int, str]:
    """Return the status of a call, and its result or the type of its error."""
    try:
        answer = call(**values)
    except ApiError as error:
        body: Any = error.body
        return error.meta.status, body.get("result") or body["error"]["type"]
    return answer.meta.status, answer.body.get("result", "")


def index(engine: Elasticsearch, name: str, version: int, key: str = "1") -> tuple[int, str]:
    """Index a document as a push does."""
    document = {"version": version}
    return status_and_result(
        engine.index, index=name, id=key, document=document, version=version, version_type="external_gte"
    )


def delete(engine: Elasticsearch, name: str, version: int, key: str = "1") -> tuple[int, str]:
    """Delete a document as a push does."""
    return status_and_result(engine.delete, index=name, id=key, version=version, version_type="external_gte")


CONFLICT = (409, "version_conflict_engine_exception")


def test_an_equal_version_is_taken_and_a_lower_one_refused(engine: Elasticsearch, name: str) -> None:
    """A push may be repeated, whatever the result of the first."""
    assert index(engine, name, 5) == (201, "created")
    assert index(engine, name, 5) == (200, "updated")
    assert index(engine, name, 4) == CONFLICT
    assert delete(engine, name, 4) == CONFLICT
    assert delete(engine, name, 5) == (200, "deleted")
    assert delete(engine, name, 5) == (404, "not_found")
    assert index(engine, name, 4) == CONFLICT
    assert index(engine, name, 5) == (201, "created")


def test_the_delete_of_an_absent_document_leaves_a_tombstone(engine: Elasticsearch, name: str) -> None:
    assert delete(engine, name, 5) == (404, "not_found")
    assert index(engine, name, 4) == CONFLICT
    # No GET shows it: what is remembered can be learnt from a 409 alone.
    answer = engine.options(ignore_status=404).get(index=name, id="1")
    assert answer.body == {"_index": name, "_id": "1", "found": False}


def test_a_409_tells_the_version_that_the_index_holds(engine: Elasticsearch, name: str) -> None:
    index(engine, name, 5)
    answer = engine.options(ignore_status=409).index(
        index=name, id="1", document={}, version=4, version_type="external_gte"
    )
    assert answer.body["error"]["reason"] == (
        "[1]: version conflict, current version [5] is higher than the one provided [4]"
    )


def test_a_refused_item_does_not_hurt_its_bulk(engine: Elasticsearch, name: str) -> None:
    engine.indices.put_mapping(index=name, properties={"amount": {"type": "double"}})
    operations: list[dict[str, Any]] = []
    for key, amount in {"1": 1, "2": "no number", "3": 3}.items():
        operations += [{"index": {"_id": key, "version": 5, "version_type": "external_gte"}}, {"amount": amount}]
    answer = engine.bulk(index=name, operations=operations)
    assert [item["index"]["status"] for item in answer["items"]] == [201, 400, 201]
    assert answer["items"][1]["index"]["error"]["type"] == "document_parsing_exception"


def test_an_alias_call_that_names_a_missing_index_changes_nothing(engine: Elasticsearch, name: str) -> None:
    """So a swap is one step, or none."""
    alias = f"{name}-alias"
    engine.indices.put_alias(index=name, name=alias)
    create(engine, f"{name}-2")
    add = {"add": {"index": f"{name}-2", "alias": alias}}
    remove = {"remove": {"index": f"{name}-gone", "alias": alias, "must_exist": True}}
    assert status_and_result(engine.indices.update_aliases, actions=[add, remove]) == (404, "index_not_found_exception")
    assert list(engine.indices.get_alias(name=alias)) == [name]
    # Nor does one whose index is there, and is not what the alias names: another swap was quicker.
    create(engine, f"{name}-3")
    remove = {"remove": {"index": f"{name}-3", "alias": alias, "must_exist": True}}
    assert status_and_result(engine.indices.update_aliases, actions=[add, remove]) == (
        404,
        "aliases_not_found_exception",
    )
    assert list(engine.indices.get_alias(name=alias)) == [name]


@pytest.mark.parametrize("write", [index, delete])
def test_our_template_lets_no_write_make_an_index(engine: Elasticsearch, write: Any) -> None:
    alias = OrderDocument._index._name
    put_template(alias)
    missing = f"{alias}-20240101000000000000"
    assert write(engine, missing, 5) == (404, "index_not_found_exception")
    assert not engine.indices.exists(index=missing)


def test_without_a_template_a_versioned_delete_makes_one(engine: Elasticsearch) -> None:
    """What the template is for."""
    unknown = f"{settings.SEARCH_INDEX_PREFIX}traces-unknown"
    assert delete(engine, unknown, 5) == (404, "not_found")
    assert engine.indices.exists(index=unknown)


def test_closed_and_opened_it_has_forgotten_its_deletes(engine: Elasticsearch, name: str) -> None:
    """As after a restart, which the traces play so."""
    index(engine, name, 5, "kept")
    delete(engine, name, 5)
    engine.indices.close(index=name)
    engine.indices.open(index=name)
    engine.cluster.health(index=name, wait_for_status="yellow")
    assert index(engine, name, 4, "kept") == CONFLICT
    assert index(engine, name, 4) == (201, "created")


@pytest.fixture
def own() -> Iterator[elasticsearch.Server]:
    """A server of this test's own."""
    port = ports.free()
    server = elasticsearch.server("8.19.8", port, home=cache.folder("faults", f"elasticsearch-{port}"), heap="512m")
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.mark.faults
@pytest.mark.once
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["ended", "killed"])
def test_restarted_it_has_forgotten_its_deletes(own: elasticsearch.Server, number: int) -> None:
    """At once, and not after gc_deletes: all but the deletes that it reads again from what it had not yet flushed."""
    engine = Elasticsearch(own.url, max_retries=0, request_timeout=30)
    create(engine, "traces")
    index(engine, "traces", 5, "kept")
    index(engine, "traces", 5)
    delete(engine, "traces", 6)
    engine.indices.flush(index="traces", force=True)
    assert own.stop(number)
    own.start()
    engine.cluster.health(index="traces", wait_for_status="yellow", timeout="60s")
    assert index(engine, "traces", 4, "kept") == CONFLICT
    assert index(engine, "traces", 4) == (201, "created")
