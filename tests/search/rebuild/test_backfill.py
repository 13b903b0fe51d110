"""Filling by key ranges: how a table is divided, and what is sent, retried, refused and recorded."""

from typing import Any

import pytest
from django.db.models import Q
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search.exceptions import EngineUnavailable, RebuildLost
from search.indices import lifecycle, records
from search.models import BackfillRange, Index
from search.outbox.outcomes import ActionResult, Outcome
from search.push import bulk
from search.rebuild.backfill import NAMED, RETRY_FOR, Filler, Progress, fill_range, split_into_ranges
from tests.search.engine_help import make_orders, stored, versions

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def index(engine: Elasticsearch) -> Index:
    """Return an empty building index, with seven orders in the database."""
    make_orders(7)
    return records.record_building(OrderDocument, lifecycle.create_physical_index(OrderDocument), "default", owner="me")


def filler(index: Index, **options: Any) -> Filler:
    return Filler(OrderDocument, index.name, "default", **options)


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 20])
def test_ranges_meet_without_gap_or_overlap(index: Index, parts: int) -> None:
    ranges = split_into_ranges(filler(index), index, parts, smallest=1)
    assert (ranges[0].after, ranges[-1].until) == ("", "")
    assert [part.after for part in ranges[1:]] == [part.until for part in ranges[:-1]]
    assert len({part.after for part in ranges}) == len(ranges) <= parts + 2
    for part in ranges:
        fill_range(filler(index), part, "me")
    assert sum(part.indexed for part in ranges) == 7
    assert all(BackfillRange.objects.values_list("done", flat=True))


def test_a_small_table_is_one_range(index: Index) -> None:
    assert [(part.after, part.until) for part in split_into_ranges(filler(index), index, 8)] == [("", "")]


def test_a_range_has_only_its_rows_and_continues_after_the_last_confirmed_key(
    engine: Elasticsearch, index: Index
) -> None:
    keys = [str(pk) for pk in Order.objects.order_by("pk").values_list("pk", flat=True)]
    part = BackfillRange.objects.create(index=index, number=9, after=keys[0], until=keys[5], reached=keys[2])
    fill_range(filler(index, size=2), part, "me")
    assert sorted(stored(engine, index.name), key=int) == keys[3:6]
    assert (part.reached, part.indexed, part.done) == (keys[5], 3, True)


def test_documents_carry_their_rows_versions_and_never_beat_a_newer_one(engine: Elasticsearch, index: Index) -> None:
    first = Order.objects.order_by("pk")[0]
    newer = {"customer_name": "Pushed"}
    engine.index(
        index=index.name, id=str(first.pk), document=newer, version=first.version + 1, version_type="external_gte"
    )
    done: list[int] = []
    filler(index).fill(Order.objects.all(), None, lambda last, progress: done.append(progress.indexed))
    rows = dict(Order.objects.values_list("pk", "version"))
    assert versions(engine, index.name) == {str(pk): rows[pk] + (pk == first.pk) for pk in rows}
    assert stored(engine, index.name)[str(first.pk)] == newer
    assert done == [7]


def test_rows_without_an_answer_are_read_and_sent_again(
    engine: Elasticsearch, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends, send = iter([False, True]), bulk.post_bulk

    def failing_once(operations: Any, *arguments: Any) -> Any:
        if next(sends):
            return send(operations, *arguments)
        Order.objects.filter(order_number="order00003")._raw_delete("default")  # without signals, so without a push
        Order.objects.filter(order_number="order00001").update(customer_name="Changed")
        return [(operation, ActionResult(Outcome.UNREACHABLE, "away")) for operation in operations]

    monkeypatch.setattr(bulk, "post_bulk", failing_once)
    filler(index, sleep=lambda seconds: None).fill(Order.objects.all(), None, lambda *_: None)
    names = {source["order_number"]: source["customer_name"] for source in stored(engine, index.name).values()}
    assert (len(names), names["order00001"], "order00003" in names) == (6, "Changed", False)


def test_it_gives_up_after_a_while_without_progress(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(operations: Any, *arguments: Any) -> Any:
        return [(operation, ActionResult(Outcome.UNREACHABLE, "away")) for operation in operations]

    monkeypatch.setattr(bulk, "post_bulk", unreachable)
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    with pytest.raises(EngineUnavailable, match="away"):
        filler(index, clock=lambda: now, sleep=sleep).fill(Order.objects.all(), None, lambda *_: None)
    assert now > RETRY_FOR


def test_progress_is_not_recorded_for_an_owner_that_lost_the_rebuild(index: Index) -> None:
    [part] = split_into_ranges(filler(index), index, 1)
    Index.objects.update(owner="another")
    with pytest.raises(RebuildLost, match=index.name):
        fill_range(filler(index), part, "me")
    assert BackfillRange.objects.get().reached == ""


def test_the_throttle_holds_back(index: Index) -> None:
    slept: list[float] = []
    throttled = filler(index, throttle=10, clock=lambda: 100.0, sleep=slept.append)
    for documents in (3, 3, 1):
        throttled.pause(documents)
    assert slept == pytest.approx([0.3, 0.6, 0.7])


def test_only_filtered_rows(engine: Elasticsearch, index: Index) -> None:
    filtering = filler(index)
    filtering.fill(filtering.rows(Q(order_number="order00004")), None, lambda *_: None)
    assert [source["order_number"] for source in stored(engine, index.name).values()] == ["order00004"]


def test_the_first_refused_are_named_and_all_are_counted() -> None:
    progress = Progress()
    for number in range(NAMED + 5):
        progress.add_refusal(str(number))
    assert (progress.refusals, progress.refused) == (NAMED + 5, [str(number) for number in range(NAMED)])
