"""Which rows populate indexes, and what it does where it may not or cannot."""

from datetime import UTC, datetime
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search.exceptions import InvalidFilter, NoIndex, RowsRefused
from search.indices import aliases, lifecycle
from search.mapping.fingerprint import signed_body
from search.models import Index
from search.rebuild.backfill import NAMED
from search.rebuild.populate import microseconds, populate, row_filter
from tests.search.engine_help import make_orders, stored

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]
ALIAS = aliases.alias_of(OrderDocument)


def filtered(where: list[str] | None = None, since: datetime | None = None, pks: list[str] | None = None) -> list[str]:
    condition = row_filter(OrderDocument, where=where, since=since, pks=pks)
    rows = Order.objects.filter(condition) if condition else Order.objects.all()
    return [number.removeprefix("order0000") for number in rows.order_by("pk").values_list("order_number", flat=True)]


def test_conditions_hold_together() -> None:
    rows = make_orders(4)
    assert filtered() == ["1", "2", "3", "4"]
    assert filtered(["total_amount__gt=1", "total_amount__lt=4"]) == ["2", "3"]
    assert filtered(["total_amount__gt=1"], pks=[str(rows[0].pk), str(rows[1].pk)]) == ["2"]
    assert filtered(["customer_name=a=b"]) == []
    assert filtered(since=datetime(2999, 1, 1, tzinfo=UTC)) == []


def test_a_version_is_microseconds() -> None:
    assert microseconds(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005


@pytest.mark.parametrize(("flags", "flag"), [({"where": ["nope=1"]}, "--where"), ({"pks": ["x"]}, "--pks")])
def test_the_flag_at_fault_is_named(flags: dict[str, Any], flag: str) -> None:
    with pytest.raises(InvalidFilter, match=rf"\({flag}: "):
        filtered(**flags)


def test_an_index_that_does_not_exist_in_elasticsearch(engine: Elasticsearch) -> None:
    engine.indices.delete(index=lifecycle.create(OrderDocument).name)
    with pytest.raises(NoIndex, match=ALIAS):
        populate(OrderDocument)


def test_refused_rows_are_named_and_the_others_written(engine: Elasticsearch) -> None:
    name, shape = lifecycle.new_index_name(ALIAS), signed_body(OrderDocument)
    shape["mappings"]["properties"] = shape["mappings"]["properties"] | {"customer_name": {"type": "date"}}
    engine.indices.create(index=name, **shape, aliases={ALIAS: {}})
    lifecycle.create(OrderDocument)
    first, *_ = make_orders(3)
    Order.objects.exclude(pk=first.pk).update(customer_name="2026-11-24")
    with pytest.raises(RowsRefused, match=rf"\(1: orders.Order:{first.pk} document_parsing_exception"):
        populate(OrderDocument)
    assert len(stored(engine, name)) == 2
    assert Index.objects.live().get(alias=ALIAS).name == name


def test_every_refused_row_is_counted(engine: Elasticsearch) -> None:
    """Also those beyond the ones that a chunk names."""
    name, shape = lifecycle.new_index_name(ALIAS), signed_body(OrderDocument)
    shape["mappings"]["properties"] = shape["mappings"]["properties"] | {"customer_name": {"type": "date"}}
    engine.indices.create(index=name, **shape, aliases={ALIAS: {}})
    lifecycle.create(OrderDocument)
    make_orders(NAMED + 3)
    with pytest.raises(RowsRefused, match=rf"\({NAMED + 3}: orders.Order:"):
        populate(OrderDocument)
