"""A new index that is not what the database holds is not swapped in: what differs is named, and the old one stays."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search.exceptions import RebuildIncomplete
from search.indices import lifecycle
from search.mapping.fingerprint import signed_body
from search.models import Entry, Index
from search.rebuild import rebuild
from tests.search.engine_help import make_orders, stored, versions
from tests.search.interleavings.rebuilding import ALIAS, ALONE, building, hook, live, named

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.django_db(transaction=True)]
ROWS = 25
TEXT = RebuildIncomplete.__doc__


@pytest.fixture
def orders(indices: Elasticsearch) -> list[Order]:
    """Orders in step."""
    rows = make_orders(ROWS)
    rebuild.rebuild(OrderDocument, options=ALONE)
    Entry.objects.all().delete()
    return rows


@pytest.fixture
def untouched(orders: list[Order], indices: Elasticsearch) -> Iterator[None]:
    """In the end what is searched is what was searched before, and nothing else is left."""
    old = live()
    before = stored(indices, old), versions(indices, old)
    yield
    assert (stored(indices, old), versions(indices, old)) == before
    assert (live(), named(indices)) == (old, [old])
    assert list(Index.objects.filter(alias=ALIAS).values_list("name", flat=True)) == [old]
    assert set(indices.indices.get(index=f"{ALIAS}-*", filter_path="*.aliases")) == {old}


def refusal(monkeypatch: pytest.MonkeyPatch, harm: Callable[[str], object] = lambda name: None) -> str:
    """Return the error of a rebuild after calling `harm` with its index between filling and verifying."""
    hook(monkeypatch, rebuild, "verify", before=lambda: harm(building()))
    with pytest.raises(RebuildIncomplete) as caught:
        rebuild.rebuild(OrderDocument, options=ALONE)
    return str(caught.value)


def test_short_by_one_document(
    orders: list[Order], indices: Elasticsearch, untouched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = orders[7].pk
    said = refusal(monkeypatch, lambda name: indices.delete(index=name, id=str(one)))
    assert said == f"{TEXT} (1 differ: {one} missing)"


def test_a_document_too_many(
    orders: list[Order], indices: Elasticsearch, untouched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"row_key": 999_999, "version": 1, "checksum": 1}
    said = refusal(monkeypatch, lambda name: indices.index(index=name, id="999999", document=body))
    assert said == f"{TEXT} (1 differ: 999999 orphaned)"


def test_the_first_twenty_are_named(
    orders: list[Order], indices: Elasticsearch, untouched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def empty(name: str) -> None:
        for order in orders:
            indices.delete(index=name, id=str(order.pk))

    said = refusal(monkeypatch, empty)
    first = ", ".join(f"{order.pk} missing" for order in orders[:20])
    assert said == f"{TEXT} ({ROWS} differ: {first})"


def refusing(monkeypatch: pytest.MonkeyPatch, **properties: Any) -> None:
    """Change the mapping of these fields in new indices."""
    really = signed_body

    def changed(document: type[OrderDocument]) -> dict[str, Any]:
        body = really(document)
        mappings = body["mappings"]
        return body | {"mappings": mappings | {"properties": mappings["properties"] | properties}}

    monkeypatch.setattr(lifecycle, "signed_body", changed)


@pytest.mark.real
def test_a_mapping_that_refuses_every_document(
    orders: list[Order], untouched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch, customer_name={"type": "date"})
    first = ", ".join(f"orders.Order:{order.pk} document_parsing_exception: customer_name" for order in orders[:20])
    assert refusal(monkeypatch) == f"{TEXT} ({ROWS} refused: {first})"


@pytest.mark.real
def test_a_mapping_that_refuses_one_document(
    orders: list[Order], untouched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row is in the old index: to leave it out of the new one would take it from search."""
    refusing(monkeypatch, total_amount={"type": "byte"})
    Order.objects.filter(pk=orders[3].pk).update(total_amount=1000)
    Entry.objects.all().delete()
    key = f"orders.Order:{orders[3].pk}"
    assert refusal(monkeypatch) == f"{TEXT} (1 refused: {key} document_parsing_exception: total_amount)"
