"""How many processes fill, and what becomes of an error in one of them."""

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.exceptions import EngineUnavailable, RebuildLost, WorkerDied
from search.indices import lifecycle
from search.models import Entry, Index
from search.rebuild import backfill, rebuild, worker_pool
from search.rebuild.backfill import Filler, split
from search.rebuild.rebuild import Options
from tests.search.engine_help import make_orders
from tests.support import assert_in_step


@pytest.mark.parametrize(
    ("vendor", "rows", "processors", "expected"),
    [
        ("sqlite", 10**6, 16, 1),
        ("postgresql", worker_pool.FEW - 1, 16, 1),
        ("postgresql", worker_pool.FEW, None, 2),
        ("postgresql", 10**6, 1, 2),
        ("postgresql", 10**6, 8, 4),
        ("postgresql", 10**6, 64, 8),
    ],
)
def test_as_many_as_gain(
    monkeypatch: pytest.MonkeyPatch, vendor: str, rows: int, processors: int | None, expected: int
) -> None:
    monkeypatch.setattr(worker_pool, "connections", {"default": SimpleNamespace(vendor=vendor)})
    monkeypatch.setattr(worker_pool.os, "cpu_count", lambda: processors)
    assert worker_pool.default_workers("default", rows) == expected


def ended(result: Any = None, error: Exception | None = None) -> Future[Any]:
    future: Future[Any] = Future()
    if error:
        future.set_exception(error)
    else:
        future.set_result(result)
    return future


def test_an_error_of_a_worker_is_raised_here_with_its_text() -> None:
    worker_pool.raise_what_failed(ended())
    with pytest.raises(EngineUnavailable) as caught:
        worker_pool.raise_what_failed(ended((EngineUnavailable, "away")))
    assert str(caught.value) == str(EngineUnavailable("away"))
    with pytest.raises(WorkerDied):
        worker_pool.raise_what_failed(ended(error=BrokenProcessPool()))


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestProcesses:
    def test_two_share_the_ranges(self, engine: Elasticsearch, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(backfill, "SMALLEST_RANGE", 10)
        make_orders(100)
        Entry.objects.all().delete()
        done = rebuild.rebuild(OrderDocument, options=Options(workers=2))
        assert done.indexed == 100
        assert_in_step(done.name)

    def test_an_error_ends_all_of_them_and_leaves_the_lock(self, engine: Elasticsearch) -> None:
        make_orders(3)
        index = lifecycle.record_building(OrderDocument, lifecycle.make(OrderDocument), "default", owner="me")
        filler = Filler(OrderDocument, index.name, "default")
        ranges = split(filler, index, 1)
        Index.objects.update(owner="another")
        with pytest.raises(RebuildLost, match=index.name):
            worker_pool.work(filler, index, ranges, 2)
        assert Index.objects.get(name=index.name).owner == "another"
        assert connection.vendor == "postgresql"
