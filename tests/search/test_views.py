"""GET /orders/search, as a client sees it."""

import socket
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
from django.test import Client
from elasticsearch import Elasticsearch
from elasticsearch.dsl.connections import connections

from search.documents import OrderDocument
from search.index import indices
from search.index.populate import populate
from tests.search.index.engine_help import make_orders

UNAVAILABLE = {
    "code": "search_unavailable",
    "detail": "Search does not answer now. Orders are still taken, and will be found when it is back.",
    "attr": None,
}


@pytest.fixture
def filled(engine: Elasticsearch, transactional_db: None) -> Elasticsearch:
    """Five orders in the index."""
    indices.create(OrderDocument)
    make_orders(5)
    populate(OrderDocument, refresh=True)
    return engine


def get(client: Client, query: str = "") -> Any:
    response = client.get(f"/orders/search{query}")
    assert response.status_code == 200, response.content
    return response.json()


@pytest.mark.engine
@pytest.mark.conformance
class TestFound:
    """With an index that answers."""

    def test_an_order_looks_as_the_orders_own_address_shows_it(self, client: Client, filled: Elasticsearch) -> None:
        answer = get(client, "?q=order00002")
        [order] = answer["results"]
        assert answer == {"count": 1, "next": None, "previous": None, "did_you_mean": None, "results": [order]}
        assert order == client.get(f"/orders/{order['id']}/").json()

    def test_pages(self, client: Client, filled: Elasticsearch) -> None:
        pages, url = [], "?q=customer&page_size=2"
        while url:
            answer = get(client, url)
            assert answer["count"] == 5
            pages.append([order["order_number"] for order in answer["results"]])
            url = answer["next"] and "?" + answer["next"].split("?")[1]
        assert pages == [["order00005", "order00004"], ["order00003", "order00002"], ["order00001"]]

    def test_the_page_before(self, client: Client, filled: Elasticsearch) -> None:
        answer = get(client, "?page=3&page_size=2")
        assert answer["previous"] == "http://testserver/orders/search?page=2&page_size=2"
        assert answer["next"] is None

    def test_a_page_beyond_the_last_is_empty(self, client: Client, filled: Elasticsearch) -> None:
        assert get(client, "?page=9") == {
            "count": 5,
            "next": None,
            "previous": "http://testserver/orders/search?page=8",
            "did_you_mean": None,
            "results": [],
        }

    def test_with_a_slash_too(self, client: Client, filled: Elasticsearch) -> None:
        assert client.get("/orders/search/?q=order00002").json()["count"] == 1

    def test_no_index_is_503(self, client: Client, engine: Elasticsearch, db: None) -> None:
        assert_unavailable(client)


@pytest.mark.parametrize(
    ("query", "attr", "code"),
    [
        ("page=0", "page", "min_value"),
        ("page=x", "page", "invalid"),
        ("page_size=0", "page_size", "min_value"),
        ("page_size=201", "page_size", "max_value"),
        ("page=101&page_size=100", "page", "invalid"),
        ("q=" + "x" * 201, "q", "max_length"),
        ("q=%00", "q", "null_characters_not_allowed"),
        ("Q=ann", "Q", "invalid"),
    ],
)
def test_a_bad_parameter_is_named(client: Client, db: None, query: str, attr: str, code: str) -> None:
    response = client.get(f"/orders/search?{query}")
    assert response.status_code == 400
    assert [(error["attr"], error["code"]) for error in response.json()["errors"]] == [(attr, code)]


def test_only_reading(client: Client, db: None) -> None:
    assert client.post("/orders/search").status_code == 405


@pytest.fixture
def engine_at() -> Iterator[Any]:
    """Let the client talk to another address, until the test ends."""
    before = connections.get_connection()

    def move(port: int) -> None:
        connections.remove_connection("default")
        connections.create_connection(
            hosts=[f"http://127.0.0.1:{port}"], node_class=before.transport.node_pool.get().__class__, max_retries=0
        )

    yield move
    connections.remove_connection("default")
    connections.add_connection("default", before)


def assert_unavailable(client: Client) -> None:
    began = monotonic()
    response = client.get("/orders/search?q=ann")
    assert monotonic() - began < 1.0
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json() == {"type": "server_error", "errors": [UNAVAILABLE]}


def test_an_engine_that_is_down_is_503(client: Client, db: None, engine_at: Any) -> None:
    engine_at(9)
    assert_unavailable(client)


def test_an_engine_that_says_nothing_is_503_within_a_second(client: Client, db: None, engine_at: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine_at(silent.getsockname()[1])
        assert_unavailable(client)


def test_an_engine_that_drips_is_503_within_a_second(client: Client, db: None, engine_at: Any) -> None:
    ended = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b" " * 100:
                try:
                    connection.sendall(bytes([byte]))
                except OSError:
                    return
                if ended.wait(0.3):
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        engine_at(server.getsockname()[1])
        try:
            assert_unavailable(client)
        finally:
            ended.set()
            thread.join()
