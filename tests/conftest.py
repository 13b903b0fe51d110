"""Fixtures that every test may use: engines, indices, the sender's end, and honest skips."""

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


def missing(item: pytest.Item) -> str | None:
    """Why this test cannot run here and what provides it, or None."""
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
    if reason := missing(item):
        if REQUIRE_ALL:  # nothing may be passed over in silence
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def engine() -> Iterator[object]:
    """The client, with none of this worker's indices, before and after."""
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
    """Every registered document's index behind its alias, empty; for tests that commit. Gives the client."""
    from search.indices.lifecycle import create
    from search.mapping.registry import documents
    from search.push import sender

    for document in documents():
        create(document)
    yield engine
    sender.stop_all()  # before the flush: the sender may still be writing down what it pushed


@pytest.fixture(autouse=True)
def _empty_outbox(request: pytest.FixtureRequest) -> None:
    """SQLite flushes by DELETE, table after table: what its triggers capture meanwhile is no test's business."""
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction")):
        request.getfixturevalue("transactional_db")
        from search.models import Entry, VersionFloor

        Entry.objects.all().delete()
        VersionFloor.objects.all().delete()


@pytest.fixture(autouse=True)
def _documents_are_made_anew() -> None:
    """A test may have changed a document's class."""
    from search.mapping.registry import clear_instances

    clear_instances()


@pytest.fixture(autouse=True)
def _no_sender_outlives_its_test() -> Iterator[None]:
    """A sender keeps a thread, a breaker and a database connection: each test begins without."""
    from search.push import sender

    yield
    sender.stop_all()
    sender.clear_senders()
