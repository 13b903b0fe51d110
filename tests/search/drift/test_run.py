"""Drift runs: watching takes at most a fifth of the time, and each run is stored for the metrics."""

from collections.abc import Iterator
from time import time
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.drift.run import MAX_TIME_SHARE, check_drift, pause, watch
from search.indices import lifecycle
from search.metrics import DriftCollector
from search.models import Entry
from search.rebuild.populate import populate
from tests.search.engine_help import make_orders


@pytest.mark.parametrize(
    ("interval", "duration", "expected"),
    [(10, 1, 9), (10, 2, 8), (10, 4, 16), (0.1, 3, 12), (60, 0, 60)],
    ids=["less than a fifth", "a fifth", "more than a fifth", "longer than the interval", "nothing to compare"],
)
def test_pause_after_a_run(interval: float, duration: float, expected: float) -> None:
    assert pause(interval, duration) == pytest.approx(expected)
    assert duration / (duration + expected) <= MAX_TIME_SHARE


class Pauses:
    """Stands for the Event that stops a watch: set after some pauses, which it remembers."""

    def __init__(self, number: int) -> None:
        self.left, self.seconds = number, list[float]()

    def is_set(self) -> bool:
        return not self.left

    def wait(self, seconds: float) -> None:
        self.left -= 1
        self.seconds.append(seconds)


@pytest.mark.django_db(transaction=True)
def test_watch_pauses_by_the_time_that_a_run_took() -> None:
    times, runs = iter([0, 1, 100, 104, 200, 200]), list[str]()
    stop: Any = Pauses(3)
    watch(lambda: runs.append("run"), 10, stop=stop, clock=lambda: next(times))
    assert runs == ["run"] * 3
    assert stop.seconds == [9, 16, 10]


@pytest.fixture
def name(engine: Elasticsearch) -> str:
    """Three orders in step."""
    name = lifecycle.create(OrderDocument).name
    make_orders(3)
    populate(OrderDocument)
    Entry.objects.all().delete()
    return name


def metrics() -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield every sample that is not 0."""
    for family in DriftCollector().collect():
        for sample in family.samples:
            if sample.value:
                yield sample.name, sample.labels, sample.value


@pytest.mark.engine
@pytest.mark.conformance
@pytest.mark.django_db(transaction=True)
def test_each_run_is_a_metric(engine: Elasticsearch, name: str) -> None:
    alias = {"alias": OrderDocument._index._name}
    assert list(metrics()) == []
    started = time()
    check_drift(OrderDocument)
    [(sample, labels, first)] = metrics()
    assert (sample, labels) == ("search_verified_timestamp_seconds", alias)
    assert started - 1 <= first <= time()
    engine.delete_by_query(index=name, query={"match_all": {}}, refresh=True)
    check_drift(OrderDocument)
    verified, drift = metrics()
    assert verified[2] >= first
    assert drift == ("search_drift_documents", alias | {"kind": "missing"}, 3)
