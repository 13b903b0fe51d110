"""The SQL of rows returns the same numbers as Python, for every type of key."""

import uuid
from typing import Any

import pytest

from order_search.documents import OrderDocument
from orders.models import Order
from search.drift.checksums import DatabaseSums, KeyRange, RangeSum
from search.drift.rows import HASH_SPACE, Rows, key_text_sql
from search.mapping.checksum import checksum, key_number
from tests.search.engine_help import order
from tests.shop.documents import ItemDocument
from tests.shop.models import Item

pytestmark = pytest.mark.django_db
KEYS = [-(2**62), -5, -1, 1, 2, 10**9, 2**31, 2**53 + 1, 2**62]


@pytest.fixture(params=["orders", "items"])
def rows(request: pytest.FixtureRequest) -> tuple[type, list[Any]]:
    """Return a document and its rows: integer keys with huge gaps and signs, or UUIDs."""
    if request.param == "orders":
        Order.objects.bulk_create(order(at, id=key) for at, key in enumerate(KEYS))
        return OrderDocument, list(Order.objects.order_by("pk"))
    Item.objects.bulk_create(Item(id=uuid.UUID(int=number * 7**40 % 2**128), name="a") for number in range(1, 40))
    return ItemDocument, list(Item.objects.all())


def test_sql_and_python_agree_on_every_row(rows: tuple[type, list[Any]]) -> None:
    document, instances = rows
    document_rows = Rows(document, "default")
    assert not document_rows.streamed
    marks = DatabaseSums(document_rows).marks([KeyRange()])
    assert {text: tuple(mark) for text, mark in marks.items()} == {
        str(row.pk): (row.version, checksum(row.pk, row.version)) for row in instances
    }
    assert sorted(document_rows.stream()) == sorted(
        (key_number(row.pk), str(row.pk), row.version, checksum(row.pk, row.version)) for row in instances
    )


@pytest.mark.parametrize("step", [1, 2, 5, 1000])
@pytest.mark.parametrize("streamed", [False, True])
def test_ranges_cover_all_rows_without_a_gap(rows: tuple[type, list[Any]], step: int, streamed: bool) -> None:
    document, instances = rows
    document_rows = Rows(document, "default")
    if streamed:
        document_rows.sql = ""
    sums = DatabaseSums(document_rows)
    parts = sums.split(KeyRange(), step)
    assert (parts[0][0].low, parts[-1][0].high) == (None, None)
    assert [key_range.low for key_range, _ in parts[1:]] == [key_range.high for key_range, _ in parts[:-1]]
    for key_range, total in parts:
        inside = [
            row
            for row in instances
            if (key_range.low is None or key_number(row.pk) >= key_range.low)
            and (key_range.high is None or key_number(row.pk) < key_range.high)
        ]
        assert total == RangeSum(len(inside), sum(checksum(row.pk, row.version) for row in inside))
        assert sums.total(key_range) == total


def test_an_empty_table_is_one_range() -> None:
    assert DatabaseSums(Rows(OrderDocument, "default")).split(KeyRange(), 1000) == [(KeyRange(), RangeSum())]


def test_since_leaves_out_what_is_older() -> None:
    Order.objects.bulk_create([order(1), order(2)])
    Order.objects.filter(order_number="order00001").update(customer_name="Changed")
    newest = Order.objects.get(order_number="order00001")
    assert list(DatabaseSums(Rows(OrderDocument, "default", newest.version)).marks([KeyRange()])) == [str(newest.pk)]


def test_rows_that_only_python_can_select_are_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    Order.objects.bulk_create([order(1), order(2)])
    monkeypatch.setattr(
        OrderDocument, "should_index_object", lambda self, row: row.order_number != "order00001", raising=False
    )
    document_rows = Rows(OrderDocument, "default")
    assert document_rows.streamed
    assert DatabaseSums(document_rows).total() == RangeSum(1, checksum_of("order00002"))


def checksum_of(number: str) -> int:
    row = Order.objects.get(order_number=number)
    return checksum(row.pk, row.version)


def test_hashes_are_within_their_range() -> None:
    assert all(0 <= key_number(uuid.uuid4()) < HASH_SPACE for _ in range(100))


def test_a_key_of_another_type_is_streamed() -> None:
    from django.db.models import BinaryField

    assert key_text_sql(BinaryField(), "postgresql") is None
