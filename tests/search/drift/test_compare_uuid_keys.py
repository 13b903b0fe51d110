"""Comparison and repair with UUID keys, which are compared in ranges of a hash."""

from typing import Any
from uuid import UUID

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.drift.compare import Comparison, Report
from search.drift.repair import repair
from search.indices import lifecycle
from search.models import Entry
from search.rebuild.populate import populate
from tests.search.engine_help import versions
from tests.shop.documents import ItemDocument
from tests.shop.models import Item

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]
COUNT = 40
ABSENT = UUID("00000000-0000-4000-8000-000000000000")


@pytest.fixture
def name(engine: Elasticsearch) -> str:
    """Items in the index and confirmed."""
    name = lifecycle.create(ItemDocument).name
    lifecycle.create(OrderDocument)
    Item.objects.bulk_create(Item(name=f"Item {number}") for number in range(COUNT))
    populate(ItemDocument)
    Entry.objects.all().delete()
    return name


def comparison(name: str, **options: Any) -> Comparison:
    return Comparison(ItemDocument, name, "default", rows_per_range=5, **options)


def compare(name: str) -> Report:
    return comparison(name).run()


def run_repair(name: str) -> int:
    return repair(ItemDocument, name, comparison(name).differences(), "default")


def drifted_ids(report: Report) -> dict[str, list[str]]:
    return {str(kind): sorted(ids) for kind, ids in report.ids.items() if ids}


@pytest.mark.parametrize("exact", [COUNT, COUNT - 1])
def test_in_step(name: str, exact: int) -> None:
    """By one sum, and by sums of ranges."""
    report = comparison(name, max_exact_rows=exact).run()
    assert (report.in_step, report.rows, report.documents) == (True, COUNT, COUNT)


def test_each_kind_is_found_and_repaired_and_nothing_else_touched(engine: Elasticsearch, name: str) -> None:
    missing, stale = (str(pk) for pk in Item.objects.order_by("pk").values_list("pk", flat=True)[:2])
    engine.delete(index=name, id=missing)
    Item.objects.filter(pk=stale).update(name="Its entry was lost")
    Entry.objects.all().delete()
    body = {"row_key": 5, "version": 7, "checksum": 1}
    engine.index(index=name, id=str(ABSENT), document=body, version=7, version_type="external")
    engine.index(index=name, id="no UUID", document=body, version=7, version_type="external")
    expected = {"missing": [missing], "stale": [stale], "orphaned": sorted([str(ABSENT), "no UUID"])}
    before = versions(engine, name)
    assert drifted_ids(compare(name)) == expected
    assert run_repair(name) == 4
    assert compare(name).in_step
    after = versions(engine, name)
    changed = {id_ for id_ in before | after if before.get(id_) != after.get(id_)}
    assert changed == {missing, stale, str(ABSENT), "no UUID"}
