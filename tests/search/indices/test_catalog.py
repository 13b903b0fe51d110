"""What is listed of the indices, and which of them are over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.indices import lifecycle, lock
from search.indices.catalog import LOST, UNRECORDED, YOUNG, Listed, catalog, is_over, line, prune, size
from search.models import Index, IndexState

ALIAS = lifecycle.alias_of(OrderDocument)
MADE = datetime(2026, 11, 24, 4, 25, 6, tzinfo=UTC)
WEEK = timedelta(days=7)


def one(state: str, idle: timedelta = timedelta(), **values: Any) -> Listed:
    known: dict[str, Any] = {
        "searched": False,
        "documents": 3,
        "bytes": 4567,
        "fingerprint": "f",
        "fits": True,
        "created_at": MADE,
        "changed_at": timezone.now() - idle,
    }
    return Listed(name="orders-1", alias="orders", state=state, **(known | values))


@pytest.mark.parametrize(
    ("listed", "age", "over"),
    [
        (one("live", WEEK * 9), None, False),
        (one("live", WEEK * 9), WEEK, False),
        (one("retired"), None, True),
        (one("retired"), WEEK, False),
        (one("retired", WEEK), WEEK, True),
        (one("retired", searched=True), None, False),
        (one("standby", WEEK * 9), None, False),
        (one("standby", WEEK), WEEK, True),
        (one("standby"), WEEK, False),
        (one("building"), None, True),
        (one("building", held="someone"), None, False),
        (one(LOST), None, True),
        (one(UNRECORDED), None, False),
        (one(UNRECORDED, YOUNG * 2), None, True),
        (one(UNRECORDED, YOUNG * 2), WEEK, False),
    ],
)
def test_what_is_over(listed: Listed, age: timedelta | None, over: bool) -> None:
    assert is_over(listed, age) is over


def test_an_index_in_one_line() -> None:
    said = "orders-1 live, searched, 3 documents, 4.6 kB, made 2026-11-24 04:25:06 UTC, f fits"
    assert line(one("live", searched=True)) == said
    said = "orders-1 building, 3 documents, 4.6 kB, made 2026-11-24 04:25:06 UTC, foreign does not fit, built by me"
    assert line(one("building", fingerprint="", fits=False, held="me")) == said


def test_bytes_as_people_read_them() -> None:
    assert [size(n) for n in (0, 999, 1000, 1_234_567, 5 * 10**12, 10**16)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.2 MB",
        "5.0 TB",
        "10000.0 TB",
    ]


@pytest.mark.engine
@pytest.mark.conformance
@pytest.mark.django_db(transaction=True)
def test_each_state_is_listed_and_only_what_is_over_is_pruned(engine: Elasticsearch) -> None:
    live = lifecycle.create(OrderDocument).name
    unrecorded, building = lifecycle.make(OrderDocument), lifecycle.make(OrderDocument)
    lifecycle.record_building(OrderDocument, building, "default", owner=lock.me())
    Index.objects.create(name=f"{ALIAS}-lost", alias=ALIAS, state=IndexState.RETIRED, fingerprint="f")
    engine.indices.create(index=f"{ALIAS}-by-hand")
    found = {each.name: each for each in catalog(OrderDocument)}
    assert {name: (each.state, each.searched, each.fits, bool(each.held)) for name, each in found.items()} == {
        live: ("live", True, True, False),
        unrecorded: (UNRECORDED, False, True, False),
        building: ("building", False, True, True),
        f"{ALIAS}-lost": (LOST, False, False, False),
    }
    assert prune(OrderDocument) == [f"{ALIAS}-lost"]
    assert prune(OrderDocument, age=timedelta()) == [unrecorded]
    assert set(engine.indices.get(index=f"{ALIAS}*")) == {live, building, f"{ALIAS}-by-hand"}
