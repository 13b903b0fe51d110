"""GET /orders/suggest: what a text may become while it is typed."""

from typing import Any

import pytest
from django.test import Client
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from order_search.fields import ORDERS
from search.indices import lifecycle
from search.query.client import DeadlineClient
from search.query.suggest import suggest
from tests.order_search.five_hundred import source

pytestmark = [pytest.mark.engine, pytest.mark.conformance]
PATIENCE = 10  # seconds


@pytest.mark.parametrize(
    ("q", "order_numbers", "customers", "skus"),
    [
        ("jane d", [], ["Jane Doe", "Janet Doerr"], []),
        ("GARC jos", [], ["José García"], []),
        ("ord1001", ["ORD-1001", "ORD-10010"], [], []),
        ("key-44", [], [], ["KEY-44/B"]),
        ("lmp", [], [], ["LMP-100"]),
        ("петр", [], ["Пётр Чайковский"], []),
        ("田", [], ["中田英寿", "田中太郎", "田中花子"], []),
        ("", [], [], []),
        ("-jane", [], [], []),
        ("!", [], [], []),
    ],
)
def test_suggestions(index: str, q: str, order_numbers: list[str], customers: list[str], skus: list[str]) -> None:
    groups = suggest(ORDERS, q, DeadlineClient(index, seconds=PATIENCE))
    texts = {
        kind: sorted(suggestion["text"] for suggestion in groups[kind])
        for kind in ("order_numbers", "customers", "skus")
    }
    assert texts == {"order_numbers": order_numbers, "customers": customers, "skus": skus}


def test_the_most_frequent_five_with_how_many_there_are(index: str) -> None:
    groups = suggest(ORDERS, "p", DeadlineClient(index, seconds=PATIENCE))
    assert groups["skus"] == [
        {"text": "PAP-3", "count": 116},
        {"text": "PEN-1", "count": 116},
        {"text": "PNO-1", "count": 1},
    ]
    counts = [suggestion["count"] for suggestion in groups["customers"]]
    assert (len(counts), counts) == (5, sorted(counts, reverse=True))


@pytest.mark.parametrize(("q", "meant"), [("featherstne", "featherstone"), ("jane", None), ("qqqqqqq", None)])
def test_did_you_mean(index: str, q: str, meant: str | None) -> None:
    assert suggest(ORDERS, q, DeadlineClient(index, seconds=PATIENCE))["did_you_mean"] == meant


def test_the_answer(client: Client, engine: Elasticsearch, db: Any, patient: None) -> None:
    name = lifecycle.create_physical_index(OrderDocument)
    engine.indices.put_alias(index=name, name=OrderDocument._index._name)
    engine.index(index=name, id="1", document=source(1, "J-1", "Jane Doe", "", [("JAM-3", "Jam")]), refresh=True)
    response = client.get("/orders/suggest?q=j")
    assert (response.status_code, response.json()) == (
        200,
        {
            "order_numbers": [{"text": "J-1", "count": 1}],
            "customers": [{"text": "Jane Doe", "count": 1}],
            "skus": [{"text": "JAM-3", "count": 1}],
            "did_you_mean": None,
        },
    )


def test_no_index_is_503(client: Client, engine: Elasticsearch, db: Any) -> None:
    response = client.get("/orders/suggest?q=j")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
