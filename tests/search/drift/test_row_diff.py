"""The close look at one row: what counts as drift, and what is on its way by itself."""

from typing import Any

import pytest
from django.db import models
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search.drift.row_diff import Kind, Looker, Seen, as_pk, awaited, kind
from search.indices import lifecycle
from search.models import Entry
from search.rebuild.populate import populate
from tests.search.engine_help import make_orders


@pytest.mark.parametrize(
    ("row", "document", "expected"),
    [
        (None, Seen(1, 5), Kind.ORPHANED),
        (Seen(1, 5), None, Kind.MISSING),
        (Seen(2, 5), Seen(1, 4), Kind.STALE),
        (Seen(1, 4), Seen(2, 5), Kind.STALE),
        (Seen(1, 5), Seen(1, 6), Kind.STALE),
        (Seen(1, 5, {"a": 1}), Seen(1, 5, {"a": 2}), Kind.ALTERED),
    ],
)
def test_what_it_is_called(row: Seen | None, document: Seen | None, expected: Kind) -> None:
    assert kind(row, document) is expected


def test_what_an_entry_means() -> None:
    assert [awaited(state) for state in ("pending", "settling", "dead")] == [Kind.PENDING, Kind.PENDING, Kind.DEAD]


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
def test_the_key_that_an_id_stands_for(field: Any, text: str, pk: Any) -> None:
    assert as_pk(field, text) == pk


@pytest.fixture
def looker(engine: Elasticsearch) -> Looker:
    """Two orders in step, of which the first document is then lost."""
    name = lifecycle.create(OrderDocument).name
    rows = make_orders(2)
    populate(OrderDocument)
    Entry.objects.all().delete()
    engine.delete(index=name, id=str(rows[0].pk))
    return Looker(OrderDocument, name, "default")


def look(looker: Looker) -> list[tuple[Kind, str]]:
    ids = [str(pk) for pk in Order.objects.order_by("pk").values_list("pk", flat=True)]
    return [(found.kind, found.id) for found in looker.differences(ids)]


class TestInTheEngine:
    pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]

    def test_a_row_at_rest(self, looker: Looker) -> None:
        assert look(looker) == [(Kind.MISSING, str(Order.objects.earliest("pk").pk))]

    def test_a_row_that_moves_between_the_two_readings(self, looker: Looker, monkeypatch: pytest.MonkeyPatch) -> None:
        documents = looker.documents

        def move(ids: Any) -> Any:
            Order.objects.update(customer_name="Moved")
            Entry.objects.all().delete()  # as when it was pushed in between
            return documents(ids)

        monkeypatch.setattr(looker, "documents", move)
        assert look(looker) == []

    def test_an_entry_that_is_there_at_either_reading(self, looker: Looker, monkeypatch: pytest.MonkeyPatch) -> None:
        first, documents = Order.objects.earliest("pk"), looker.documents
        Order.objects.filter(pk=first.pk).update(customer_name="Changed")

        def confirm(ids: Any) -> Any:
            Entry.objects.all().delete()
            return documents(ids)

        monkeypatch.setattr(looker, "documents", confirm)
        assert look(looker) == [(Kind.PENDING, str(first.pk))]
