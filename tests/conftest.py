"""Fixtures for every test: the engine, the indices, clean state between tests, and skips with a reason."""

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from django.conf import settings
from django.db import connection
from elasticsearch.dsl.connections import connections

from tests.environment import ENGINE_IS_REAL, HAS_ENGINE

REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"


def missing_requirement(item: pytest.Item) -> str | None:
    """Return why this test cannot run here and how to provide what is missing, or None."""
    needs_engine = item.get_closest_marker("engine") or "engine" in getattr(item, "fixturenames", ())
    if needs_engine and not HAS_ENGINE:
        return "no engine: run it by script/test, or set ELASTICSEARCH_URL"
    if item.get_closest_marker("real") and not ENGINE_IS_REAL:
        return "no real Elasticsearch: script/elasticsearch up, then set ELASTICSEARCH_URL as it prints"
    if item.get_closest_marker("postgres") and connection.vendor != "postgresql":
        return "no PostgreSQL: script/postgresql up, then set DATABASE_URL as it prints"
    if item.get_closest_marker("chromium") and not shutil.which("chromium"):
        return "no Chromium: apt-get install chromium"
    if item.get_closest_marker("chromium") and not find_spec("playwright"):
        return "no Playwright: pip install -r requirements-dev.txt"
    if item.get_closest_marker("wrk") and not shutil.which("wrk"):
        return "no wrk: apt-get install wrk"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    if reason := missing_requirement(item):
        if REQUIRE_ALL:  # CI skips nothing
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def engine() -> Iterator[object]:
    """Return the client, and delete this worker's indices before and after the test."""
    client = connections.get_connection()
    pattern = f"{settings.SEARCH_INDEX_PREFIX}*"

    def clear() -> None:
        names = list(client.indices.get(index=pattern, allow_no_indices=True, filter_path="*.aliases"))
        if names:
            client.indices.delete(index=names, ignore_unavailable=True)

    clear()
    yield client
    clear()


@pytest.fixture
def indices(engine: object, transactional_db: None) -> Iterator[object]:
    """Create an empty index for every registered document, for tests that commit. Return the client."""
    from search.indices.lifecycle import create
    from search.mapping.registry import documents
    from search.push import sender

    for document in documents():
        create(document)
    yield engine
    sender.stop_all()  # before the flush: the sender may still be recording its results


@pytest.fixture(autouse=True)
def _empty_outbox(request: pytest.FixtureRequest) -> None:
    """Empty the outbox: SQLite's flush of the test before deletes rows table by table, which triggers capture."""
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction")):
        request.getfixturevalue("transactional_db")
        from search.models import Entry, VersionFloor

        Entry.objects.all().delete()
        VersionFloor.objects.all().delete()


@pytest.fixture(autouse=True)
def _no_cached_document_instances() -> None:
    """Clear the cached instances: a test may have changed a document's class."""
    from search.mapping.registry import clear_instances

    clear_instances()


@pytest.fixture(autouse=True)
def _no_sender_outlives_its_test() -> Iterator[None]:
    """Stop all senders after the test: each has a thread, a breaker and a database connection."""
    from search.push import sender

    yield
    sender.stop_all()
    sender.clear_senders()
