"""The list of indices, and which of them may be pruned."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.indices import aliases, lifecycle, lock, records
from search.indices.catalog import LOST, UNRECORDED, YOUNG, IndexInfo, catalog, describe, is_prunable, prune
from search.models import Index, IndexState

ALIAS = aliases.alias_of(OrderDocument)
MADE = datetime(2026, 11, 24, 4, 25, 6, tzinfo=UTC)
WEEK = timedelta(days=7)


def info(state: str, idle: timedelta = timedelta(), **values: Any) -> IndexInfo:
    defaults: dict[str, Any] = {
        "searched": False,
        "documents": 3,
        "bytes": 4567,
        "fingerprint": "f",
        "matches_code": True,
        "created_at": MADE,
        "changed_at": timezone.now() - idle,
    }
    return IndexInfo(name="orders-1", alias="orders", state=state, **(defaults | values))


@pytest.mark.parametrize(
    ("info", "age", "prunable"),
    [
        (info("live", WEEK * 9), None, False),
        (info("live", WEEK * 9), WEEK, False),
        (info("retired"), None, True),
        (info("retired"), WEEK, False),
        (info("retired", WEEK), WEEK, True),
        (info("retired", searched=True), None, False),
        (info("standby", WEEK * 9), None, False),
        (info("standby", WEEK), WEEK, True),
        (info("standby"), WEEK, False),
        (info("building"), None, True),
        (info("building", building_owner="someone"), None, False),
        (info(LOST), None, True),
        (info(UNRECORDED), None, False),
        (info(UNRECORDED, YOUNG * 2), None, True),
        (info(UNRECORDED, YOUNG * 2), WEEK, False),
    ],
)
def test_is_prunable(info: IndexInfo, age: timedelta | None, prunable: bool) -> None:
    assert is_prunable(info, age) is prunable


def test_an_index_in_one_line() -> None:
    line = "orders-1 live, searched, 3 documents, 4.5 KB, created 2026-11-24 04:25:06 UTC, f matches the code"
    assert describe(info("live", searched=True)) == line
    line = (
        "orders-1 building, 3 documents, 4.5 KB, created 2026-11-24 04:25:06 UTC, "
        "no fingerprint does not match the code, being built by me"
    )
    assert describe(info("building", fingerprint="", matches_code=False, building_owner="me")) == line


@pytest.mark.engine
@pytest.mark.conformance
@pytest.mark.django_db(transaction=True)
def test_each_state_is_listed_and_only_prunable_indices_are_deleted(engine: Elasticsearch) -> None:
    live = lifecycle.create(OrderDocument).name
    unrecorded, building = (
        lifecycle.create_physical_index(OrderDocument),
        lifecycle.create_physical_index(OrderDocument),
    )
    records.record_building(OrderDocument, building, "default", owner=lock.owner_id())
    Index.objects.create(name=f"{ALIAS}-lost", alias=ALIAS, state=IndexState.RETIRED, fingerprint="f")
    engine.indices.create(index=f"{ALIAS}-by-hand")
    infos = {info.name: info for info in catalog(OrderDocument)}
    assert {
        name: (info.state, info.searched, info.matches_code, bool(info.building_owner)) for name, info in infos.items()
    } == {
        live: ("live", True, True, False),
        unrecorded: (UNRECORDED, False, True, False),
        building: ("building", False, True, True),
        f"{ALIAS}-lost": (LOST, False, False, False),
    }
    assert prune(OrderDocument) == [f"{ALIAS}-lost"]
    assert prune(OrderDocument, age=timedelta()) == [unrecorded]
    assert set(engine.indices.get(index=f"{ALIAS}*")) == {live, building, f"{ALIAS}-by-hand"}
