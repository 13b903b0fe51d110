"""How many processes fill an index, and what happens when one of them fails."""

import pickle
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Self

import pytest
from django.db import connection
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.exceptions import EngineUnavailable, RebuildLost, SearchError, WorkerDied
from search.indices import lifecycle, records
from search.models import BackfillRange, Entry, Index
from search.rebuild import rebuild, worker_pool
from search.rebuild.backfill import Filler, split_into_ranges
from search.rebuild.rebuild import Options
from tests.search.engine_help import make_orders
from tests.support import assert_in_step


@pytest.mark.parametrize(
    ("vendor", "rows", "processors", "expected"),
    [
        ("sqlite", 10**6, 16, 1),
        ("postgresql", worker_pool.MIN_ROWS_FOR_WORKERS - 1, 16, 1),
        ("postgresql", worker_pool.MIN_ROWS_FOR_WORKERS, 2, 2),
        ("postgresql", 10**6, 1, 2),
        ("postgresql", 10**6, 8, 4),
        ("postgresql", 10**6, 64, 8),
    ],
)
def test_default_workers(vendor: str, rows: int, processors: int, expected: int) -> None:
    assert worker_pool.default_workers(vendor, rows, processors) == expected


@pytest.mark.parametrize("error", [EngineUnavailable("away"), RebuildLost()])
def test_an_error_keeps_its_type_and_text_on_the_way_from_a_worker(error: SearchError) -> None:
    copied = pickle.loads(pickle.dumps(error))
    assert (type(copied), copied.detail, str(copied)) == (type(error), error.detail, str(error))


class Pool:
    """Stands in for ProcessPoolExecutor: the first job fails."""

    def __init__(self, error: Exception) -> None:
        self.error, self.shut_down = error, False

    def __call__(self, *arguments: Any) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def submit(self, *arguments: Any) -> Future[None]:
        future: Future[None] = Future()
        future.set_exception(self.error)
        return future

    def shutdown(self, **options: Any) -> None:
        self.shut_down = True


@pytest.mark.parametrize(
    ("error", "raised"), [(EngineUnavailable("away"), EngineUnavailable), (BrokenProcessPool(), WorkerDied)]
)
@pytest.mark.django_db(transaction=True)
def test_a_workers_error_stops_the_others_and_is_raised(
    monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception]
) -> None:
    index = Index.objects.create(name="a-1", alias="a", state="building", fingerprint="f", owner="me")
    pool = Pool(error)
    monkeypatch.setattr(worker_pool, "ProcessPoolExecutor", pool)
    filler = Filler(OrderDocument, index.name, "default")
    ranges = [BackfillRange.objects.create(index=index, number=0)]
    with pytest.raises(raised):
        worker_pool.fill_ranges(filler, index, ranges, workers=2)
    assert (pool.shut_down, Index.objects.get().owner) == (True, "")


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestProcesses:
    def test_two_share_the_ranges(self, engine: Elasticsearch) -> None:
        make_orders(100)
        Entry.objects.all().delete()
        done = rebuild.rebuild(OrderDocument, options=Options(workers=2, smallest_range=10))
        assert done.indexed == 100
        assert_in_step(done.name)

    def test_an_error_ends_all_of_them_and_leaves_the_lock(self, engine: Elasticsearch) -> None:
        make_orders(3)
        name = lifecycle.create_physical_index(OrderDocument)
        index = records.record_building(OrderDocument, name, "default", owner="me")
        filler = Filler(OrderDocument, index.name, "default")
        ranges = split_into_ranges(filler, index, 1)
        Index.objects.update(owner="another")
        with pytest.raises(RebuildLost, match=index.name):
            worker_pool.fill_ranges(filler, index, ranges, 2)
        assert Index.objects.get(name=index.name).owner == "another"
        assert connection.vendor == "postgresql"
