"""RowComparer: which differences are drift, and which are changes on their way."""

from typing import Any

import pytest
from django.db import models
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search.drift.row_diff import (
    DriftKind,
    RowComparer,
    RowState,
    as_pk,
    kind_of_difference,
    kind_of_pending,
)
from search.indices import lifecycle
from search.models import Entry
from search.rebuild.populate import populate
from tests.search.engine_help import make_orders


@pytest.mark.parametrize(
    ("row", "document", "expected"),
    [
        (None, RowState(1, 5), DriftKind.ORPHANED),
        (RowState(1, 5), None, DriftKind.MISSING),
        (RowState(2, 5), RowState(1, 4), DriftKind.STALE),
        (RowState(1, 4), RowState(2, 5), DriftKind.STALE),
        (RowState(1, 5), RowState(1, 6), DriftKind.STALE),
        (RowState(1, 5, {"a": 1}), RowState(1, 5, {"a": 2}), DriftKind.ALTERED),
    ],
)
def test_kind_of_difference(row: RowState | None, document: RowState | None, expected: DriftKind) -> None:
    assert kind_of_difference(row, document) is expected


def test_kind_of_pending() -> None:
    kinds = [kind_of_pending(state) for state in ("pending", "settling", "dead")]
    assert kinds == [DriftKind.PENDING, DriftKind.PENDING, DriftKind.DEAD]


@pytest.mark.parametrize(
    ("field", "text", "pk"),
    [
        (models.BigAutoField(), "17", 17),
        (models.BigAutoField(), "017", None),
        (models.BigAutoField(), "x", None),
        (models.BigAutoField(), "9" * 30, None),
        (models.CharField(max_length=3), "abc", "abc"),
        (models.CharField(max_length=3), "abcd", None),
        (models.UUIDField(), "nonsense", None),
    ],
)
def test_primary_key_of_an_id(field: Any, text: str, pk: Any) -> None:
    assert as_pk(field, text) == pk


@pytest.fixture
def comparer(engine: Elasticsearch) -> RowComparer:
    """Two orders in step, of which the first document is then lost."""
    name = lifecycle.create(OrderDocument).name
    rows = make_orders(2)
    populate(OrderDocument)
    Entry.objects.all().delete()
    engine.delete(index=name, id=str(rows[0].pk))
    return RowComparer(OrderDocument, name, "default")


def differences(comparer: RowComparer) -> list[tuple[DriftKind, str]]:
    ids = [str(pk) for pk in Order.objects.order_by("pk").values_list("pk", flat=True)]
    return [(difference.kind, difference.id) for difference in comparer.differences(ids)]


class TestInTheEngine:
    pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]

    def test_a_row_that_does_not_change(self, comparer: RowComparer) -> None:
        assert differences(comparer) == [(DriftKind.MISSING, str(Order.objects.earliest("pk").pk))]

    def test_a_row_that_changes_between_both_reads(
        self, comparer: RowComparer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read_index = comparer.read_index

        def change(ids: Any) -> Any:
            Order.objects.update(customer_name="Moved")
            Entry.objects.all().delete()  # as if it was pushed in between
            return read_index(ids)

        monkeypatch.setattr(comparer, "read_index", change)
        assert differences(comparer) == []

    def test_an_entry_that_exists_at_either_read(self, comparer: RowComparer, monkeypatch: pytest.MonkeyPatch) -> None:
        first, read_index = Order.objects.earliest("pk"), comparer.read_index
        Order.objects.filter(pk=first.pk).update(customer_name="Changed")

        def confirm(ids: Any) -> Any:
            Entry.objects.all().delete()
            return read_index(ids)

        monkeypatch.setattr(comparer, "read_index", confirm)
        assert differences(comparer) == [(DriftKind.PENDING, str(first.pk))]
