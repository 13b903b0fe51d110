"""What a search finds: a table of texts and names, on each engine."""

from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from order_search.fields import ORDERS
from search.client import client
from search.indices import lifecycle
from search.mapping.fingerprint import signed_body
from search.query.client import DeadlineClient
from search.query.request import SearchRequest
from search.query.search import search

pytestmark = [pytest.mark.engine, pytest.mark.conformance]

CUSTOMERS = {
    "order00001": "José García",
    "order00002": "Jose\u0301 Marti\u0301",
    "ORDER00003": "John Doe",
    "x-17": "Ægir Þór Straße",
    "x-18": "Anna-Lena O'Neill",
    "x-19": "Пётр Чайковский",
    "x-20": "Donaudampfschifffahrtsgesellschaftskapitän",
}


@pytest.fixture(scope="module")
def searched() -> Iterator[str]:
    """One index with every customer, for the whole table. Its name is not one that the `engine` fixture clears."""
    made = client()
    name = f"table-{lifecycle.new_index_name('orders')}"
    made.indices.create(index=name, **signed_body(OrderDocument))
    for number, (order_number, customer) in enumerate(CUSTOMERS.items(), start=1):
        source = {
            "id": number,
            "order_number": order_number,
            "customer_name": customer,
            "created_at": f"2026-01-0{number}",
        }
        made.index(index=name, id=str(number), document=source)
    made.indices.refresh(index=name)
    yield name
    made.indices.delete(index=name)


def numbers_found(text: str, name: str) -> list[str]:
    request = SearchRequest(schema=ORDERS, q=text, page=1, page_size=100)
    result = search(request, DeadlineClient(index=name, seconds=30))
    return [order["order_number"] for order in result.results]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", ["x-20", "x-19", "x-18", "x-17", "ORDER00003", "order00002", "order00001"]),
        ("jose", ["order00002", "order00001"]),
        ("JOSÉ", ["order00002", "order00001"]),
        ("Jose\u0301", ["order00002", "order00001"]),
        ("jos gar", ["order00001"]),
        ("garcia jose", ["order00001"]),
        ("jose doe", []),
        ("j", ["ORDER00003", "order00002", "order00001"]),
        ("oe", []),
        ("doe", ["ORDER00003"]),
        ("aegir", ["x-17"]),
        ("strasse", ["x-17"]),
        ("lena", ["x-18"]),
        ("o'nei", ["x-18"]),
        ("ПЁТР чайк", ["x-19"]),
        ("donaudampfschiff", ["x-20"]),
        ("donaudampfschifffahrtsgesellschaftskapitan", ["x-20"]),
        ("order00003", ["ORDER00003"]),
        ("OrDeR0000", ["ORDER00003", "order00002", "order00001"]),
        ("ORDER00001", ["order00001"]),
        ("00001", []),
        ("x-1", ["x-19", "x-18", "x-17"]),
        ("jos*", ["order00002", "order00001"]),
        ("j?se", []),
        ("jose OR doe", []),
        ("customer_name:jose", []),
        ('\\ " ( ) { } [ ] ^ ~ / + - !', []),
    ],
)
def test_what_is_found(searched: str, text: str, numbers: list[str]) -> None:
    assert numbers_found(text, searched) == numbers


def test_the_newest_comes_first_and_equal_times_by_id(engine: Elasticsearch) -> None:
    name = lifecycle.create_physical_index(OrderDocument)
    for number in (1, 3, 2):
        source = {"id": number, "order_number": str(number), "customer_name": "Ann", "created_at": "2026-01-01"}
        engine.index(index=name, id=str(number), document=source)
    engine.indices.refresh(index=name)
    assert numbers_found("ann", name) == ["3", "2", "1"]
