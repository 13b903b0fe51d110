"""The order's document, as each engine takes it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order, OrderLine
from search.indices import lifecycle
from search.mapping.checksum import checksum
from tests.search.engine_help import order

MOMENT = datetime(2026, 11, 24, 4, 25, 12, 123456, tzinfo=UTC)


@pytest.mark.django_db
def test_a_document_holds_what_the_row_and_its_lines_hold() -> None:
    row = Order.objects.create(
        id=7,
        order_number="A-7",
        customer_name="Zoë",
        total_amount=Decimal("9999999999.99"),
        currency="CHF",
        status="paid",
        note="by bike",
    )
    OrderLine.objects.create(
        order=row, position=1, sku="L-1", description="Lamp", quantity=2, unit_price=Decimal("7.5")
    )
    row.created_at, row.updated_at, row.version = MOMENT, MOMENT, 99
    assert OrderDocument().prepare(row) == {
        "id": 7,
        "order_number": "A-7",
        "customer_name": "Zoë",
        "total_amount": Decimal("9999999999.99"),
        "currency": "CHF",
        "status": "paid",
        "note": "by bike",
        "lines": [{"sku": "L-1", "description": "Lamp", "quantity": 2, "unit_price": Decimal("7.5")}],
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "row_key": 7,
        "version": 99,
        "checksum": checksum(7, 99),
    }


@pytest.mark.django_db
def test_a_write_names_the_rows_version() -> None:
    row = order(7, id=7, version=99)
    action = OrderDocument()._prepare_action(row, "index")
    assert {name: action[name] for name in ("_op_type", "_id", "version", "version_type")} == {
        "_op_type": "index",
        "_id": 7,
        "version": 99,
        "version_type": "external_gte",
    }


def test_settings_are_explicit() -> None:
    assert {name: OrderDocument._index.to_dict()["settings"][name] for name in ("gc_deletes", "refresh_interval")} == {
        "gc_deletes": "1h",
        "refresh_interval": "1s",
    }


@pytest.fixture
def name(engine: Elasticsearch) -> str:
    """An index of the order's document, recorded nowhere."""
    return lifecycle.create_physical_index(OrderDocument)


def put(engine: Elasticsearch, name: str, **source: Any) -> None:
    engine.index(index=name, id="1", document=source, refresh=True)


def finds(engine: Elasticsearch, name: str, query: dict[str, Any]) -> bool:
    return bool(engine.count(index=name, query=query)["count"])


@pytest.mark.engine
@pytest.mark.conformance
class TestMapping:
    """What the mapping does in the engine."""

    def test_an_amount_is_exact(self, engine: Elasticsearch, name: str) -> None:
        put(engine, name, total_amount=9999999999.99)
        assert finds(engine, name, {"term": {"total_amount": 9999999999.99}})
        assert not finds(engine, name, {"term": {"total_amount": 9999999999.98}})

    def test_an_unknown_field_is_kept_and_not_mapped(self, engine: Elasticsearch, name: str) -> None:
        put(engine, name, customer_name="Ann", later="something new")
        assert engine.get(index=name, id="1")["_source"]["later"] == "something new"
        assert "later" not in engine.indices.get_mapping(index=name)[name]["mappings"]["properties"]

    @pytest.mark.parametrize("written", ["José", "Jose\u0301", "JOSÉ", "jose"])
    def test_a_name_is_one_keyword_whatever_its_accents_and_case(
        self, engine: Elasticsearch, name: str, written: str
    ) -> None:
        put(engine, name, customer_name=written)
        found = engine.search(index=name, aggs={"names": {"terms": {"field": "customer_name.keyword"}}})
        assert [bucket["key"] for bucket in found["aggregations"]["names"]["buckets"]] == ["jose"]

    def test_a_number_is_one_keyword_whatever_its_case(self, engine: Elasticsearch, name: str) -> None:
        put(engine, name, order_number="Order-00Ä3")
        assert finds(engine, name, {"term": {"order_number": "oRDER-00ä3"}})

    def test_dates_sort_by_time(self, engine: Elasticsearch, name: str) -> None:
        put(engine, name, created_at=MOMENT)
        assert finds(engine, name, {"range": {"created_at": {"gte": "2026-11-24T04:25:12.123Z"}}})
        assert not finds(engine, name, {"range": {"created_at": {"gte": "2026-11-24T04:25:13Z"}}})
