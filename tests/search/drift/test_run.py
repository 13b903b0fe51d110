"""Watching costs at most a fifth of the time, goes on after a failure, and leaves its finding to the metrics."""

from collections.abc import Iterator
from time import time
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.drift import watch
from search.drift.run import Inspection
from search.exceptions import EngineUnavailable
from search.indices import lifecycle
from search.metrics import DriftCollector
from search.models import Entry
from search.rebuild.populate import populate
from tests.search.engine_help import make_orders


@pytest.mark.parametrize(
    ("seconds", "took", "rest"),
    [(10, 1, 9), (10, 2, 8), (10, 4, 16), (0.1, 3, 12), (60, 0, 60)],
    ids=["in time", "a fifth", "more than a fifth", "asked far too often", "nothing to look at"],
)
def test_the_rest_after_a_look(seconds: float, took: float, rest: float) -> None:
    assert watch.pause(seconds, took) == pytest.approx(rest)
    assert took / (took + rest) <= watch.SHARE


class Rests:
    """A stop that comes after a number of rests, and remembers them. It takes the place of an Event."""

    def __init__(self, number: int) -> None:
        self.left, self.rests = number, list[float]()

    def is_set(self) -> bool:
        return not self.left

    def wait(self, seconds: float) -> None:
        self.left -= 1
        self.rests.append(seconds)


@pytest.mark.django_db(transaction=True)
def test_it_looks_again_whatever_failed_and_rests_by_the_time_that_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, looks = iter([0, 1, 100, 104, 200, 200]), iter([None, EngineUnavailable("away"), None])

    def look(document: Any, **how: Any) -> Any:
        if error := next(looks):
            raise error
        return "looked"

    monkeypatch.setattr(watch, "monotonic", lambda: next(clock))
    monkeypatch.setattr(watch, "inspect", look)
    stop: Any = Rests(3)
    first, failed, last = watch.watch([OrderDocument], 10, stop)
    assert (first, str(failed), last) == (["looked"], str(EngineUnavailable("away")), ["looked"])
    assert stop.rests == [9, 16, 10]


@pytest.fixture
def name(engine: Elasticsearch) -> str:
    """Three orders in step."""
    name = lifecycle.create(OrderDocument).name
    make_orders(3)
    populate(OrderDocument)
    Entry.objects.all().delete()
    return name


def metrics() -> Iterator[tuple[str, dict[str, str], float]]:
    """Every sample but those of nothing."""
    for family in DriftCollector().collect():
        for sample in family.samples:
            if sample.value:
                yield sample.name, sample.labels, sample.value


@pytest.mark.engine
@pytest.mark.conformance
@pytest.mark.django_db(transaction=True)
def test_each_look_is_a_metric(engine: Elasticsearch, name: str) -> None:
    alias = {"alias": OrderDocument._index._name}
    assert list(metrics()) == []
    began = time()
    stop: Any = Rests(2)
    looks = watch.watch([OrderDocument], 10, stop)
    [found] = next(looks)  # type: ignore[misc]
    assert isinstance(found, Inspection)
    [(sample, labels, first)] = metrics()
    assert (sample, labels) == ("search_verified_timestamp_seconds", alias)
    assert began - 1 <= first <= time()
    engine.delete_by_query(index=name, query={"match_all": {}}, refresh=True)
    next(looks)
    verified, drift = metrics()
    assert verified[2] >= first
    assert drift == ("search_drift_documents", alias | {"kind": "missing"}, 3)
