"""Helpers for all tests: contents of index and database, waiting, and threads."""

import json
import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

from elasticsearch.dsl.connections import connections
from elasticsearch.helpers import scan

from search.mapping.base import VersionedDocument
from search.mapping.registry import documents
from search.push.actions import serializer


def in_index(document: type[VersionedDocument], name: str | None = None) -> dict[str, tuple[int, dict[str, Any]]]:
    """Refresh, and return every document of the alias, or of one index: {_id: (version, source)}."""
    client = connections.get_connection()
    index = name or document._index._name
    client.indices.refresh(index=index)
    hits = scan(client, index=index, query={"query": {"match_all": {}}, "version": True}, size=1000)
    return {hit["_id"]: (hit["_version"], hit["_source"]) for hit in hits}


def in_database(document: type[VersionedDocument]) -> dict[str, tuple[int, dict[str, Any]]]:
    """Return every row as its document should be, in the same form."""
    instance = document()
    rows = [row for row in instance.get_queryset() if instance.should_index_object(row)]
    return {str(row.pk): (row.version, json.loads(serializer.dumps(instance.prepare(row)))) for row in rows}


def assert_in_step(name: str | None = None) -> None:
    """Assert that ids, versions and all fields of every document equal those of the database."""
    for document in documents():
        if name is None or name.startswith(document._index._name):
            assert in_index(document, name) == in_database(document)


def wait_until(condition: Callable[[], Any], seconds: float = 10.0, why: str = "") -> Any:
    """Wait until a condition is true and return its value. Fail if it is not in time."""
    deadline = monotonic() + seconds
    while not (value := condition()):
        assert monotonic() < deadline, why or f"not true within {seconds} s"
        sleep(0.02)
    return value


def in_threads(*functions: Callable[[], Any]) -> list[Any]:
    """Run functions concurrently, each in a thread with its own database connections. Return their results in order."""
    results: list[Any] = [None] * len(functions)
    errors: list[BaseException] = []

    def run(index: int) -> None:
        from django.db import connections as databases

        try:
            results[index] = functions[index]()
        except BaseException as error:
            errors.append(error)
        finally:
            databases.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
