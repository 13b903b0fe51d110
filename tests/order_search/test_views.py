"""GET /orders/search, as a client sees it."""

import re
import socket
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.core import signing
from django.test import Client
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError, Elasticsearch, NotFoundError
from elasticsearch.dsl.connections import connections

from order_search.documents import OrderDocument
from search.exceptions import CursorExpired
from search.indices import lifecycle
from search.query.cursor import SALT
from search.rebuild.populate import populate
from tests.search.engine_help import make_orders

UNAVAILABLE = {
    "code": "search_unavailable",
    "detail": "Search is not available right now. Orders are still saved, and will be found once it is back.",
    "attr": None,
}


HOSTILE = [
    '"}},"match_all":{}',
    "*:*",
    "a* OR b*",
    "_exists_:note",
    "/.*/",
    "[* TO *]",
    "customer_name:(customer)",
    "customer~5 order^99",
    "${jndi:ldap://127.0.0.1/a}",
    "{{#source}}{{/source}}",
    "' OR 7=7 --",
    "<script>alert(1)</script>",
    "\\" * 200,
    "(" * 200,
    "-" * 200,
    '"' * 200,
    "\u202e\u0000a".replace("\u0000", "\u0001"),
    "\U0001f468\u200d\U0001f469" * 30,
    "a-" * 100,
    "田" * 200,
]


@pytest.fixture
def filled(engine: Elasticsearch, transactional_db: None, patient: None) -> Elasticsearch:
    """Five orders in the index."""
    lifecycle.create(OrderDocument)
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

    def test_pages_by_cursor(self, client: Client, filled: Elasticsearch) -> None:
        first = get(client, "?q=customer&page_size=2&fresh=true")
        assert first["previous"] is None
        assert re.fullmatch(r"http://testserver/orders/search\?cursor=[^&]+&page_size=2&q=customer", first["next"])
        assert len(first["next"]) < 2_000
        second = get(client, "?" + first["next"].split("?")[1])
        assert [order["id"] for order in second["results"]] == [
            first["results"][-1]["id"] - 1,
            first["results"][-1]["id"] - 2,
        ]

    def test_pages_by_number(self, client: Client, filled: Elasticsearch) -> None:
        assert get(client, "?page=1&page_size=2")["next"] == "http://testserver/orders/search?page=2&page_size=2"

    def test_the_cursor_of_another_search_is_named(self, client: Client, filled: Elasticsearch) -> None:
        response = client.get(get(client, "?page_size=2")["next"] + "&status=paid")
        assert (response.status_code, response.json()["errors"][0]["attr"]) == (400, "cursor")

    def test_a_cursor_that_has_expired_is_gone(self, client: Client, filled: Elasticsearch) -> None:
        url = get(client, "?page_size=2")["next"]
        lifecycle.create(OrderDocument)
        filled.close_point_in_time(id=signing.loads(parse_qs(url.split("?")[1])["cursor"][0], salt=SALT)[1])
        response = client.get(url)
        assert response.status_code == 410
        assert response.json() == {
            "type": "client_error",
            "errors": [{"code": "cursor_expired", "detail": CursorExpired.__doc__, "attr": "cursor"}],
        }

    def test_filters_facets_and_highlights(self, client: Client, filled: Elasticsearch) -> None:
        answer = get(client, "?q=customer+3&status=placed,paid&status=draft&facets=status,amount&highlight=1&fields=id")
        [order] = answer.pop("results")
        assert order == {"id": order["id"], "highlight": {"customer_name": ["<mark>Customer</mark> <mark>3</mark>"]}}
        amounts = [(0, 100), (100, 500), (500, 1000), (1000, 5000), (5000, 10000), (10000, None)]
        assert answer == {
            "count": 1,
            "next": None,
            "previous": None,
            "did_you_mean": None,
            "facets": {
                "status": [{"value": "placed", "count": 1}],
                "amount": [{"from": start, "to": end, "count": int(start == 0)} for start, end in amounts],
            },
        }

    def test_all_facets(self, client: Client, filled: Elasticsearch) -> None:
        facets = get(client, "?facets=true")["facets"]
        [month] = facets["month"]
        assert (list(facets), facets["currency"]) == (
            ["status", "currency", "amount", "month"],
            [{"value": "EUR", "count": 5}],
        )
        assert (month["count"], month["amounts"]) == (5, {"EUR": 15.0})
        assert "facets" not in get(client, "?facets=false")

    def test_a_day_is_its_whole_day(self, client: Client, filled: Elasticsearch) -> None:
        day = get(client)["results"][0]["created_at"][:10]
        assert get(client, f"?created_after={day}&created_before={day}")["count"] == 5
        assert get(client, f"?created_before={day}T00:00:00Z")["count"] == 0
        assert get(client, f"?created_after={day}T00:00:00-00:00")["count"] == 5

    def test_empty_parameters_are_ignored(self, client: Client, filled: Elasticsearch) -> None:
        """As a form sends what was not filled in."""
        names = ["q", "status", "currency", "customer", "sku", "total_min", "total_max", "created_after"]
        names += ["created_before", "sort", "fields", "cursor", "facets", "page"]
        assert get(client, "?" + "&".join(f"{name}=" for name in names))["count"] == 5

    @pytest.mark.parametrize("path", ["search", "suggest", "search/export"])
    def test_no_text_is_query_syntax(self, client: Client, filled: Elasticsearch, path: str) -> None:
        """It finds nothing, or what has these letters; never all, and never an error of the engine's."""
        more = {"facets": "true", "highlight": "true"} if path == "search" else {}
        for text in HOSTILE:
            response = client.get(f"/orders/{path}", {"q": text} | more)
            if response.status_code == 400:
                assert [error["attr"] for error in response.json()["errors"]] == ["q"], text
            else:
                body = b"".join(response) if response.streaming else response.content
                assert (response.status_code, b"order00001" in body) == (200, False), text

    def test_no_index_is_503(self, client: Client, engine: Elasticsearch, db: None) -> None:
        assert_unavailable(client)


BOTH = [
    ("q=" + "x" * 201, "q", "max_length"),
    ("q=" + "x" * 10_240, "q", "max_length"),
    ("q=%00", "q", "null_characters_not_allowed"),
    ("q=*", "q", "invalid"),
    ("q=jane+*doe", "q", "invalid"),
    ("q=%3Fdoe", "q", "invalid"),
    ("q=" + "+".join("abcdefghijklmnopq"), "q", "invalid"),
    ("q=a&q=b", "q", "invalid"),
    ("Q=ann", "Q", "invalid"),
    ("statuses=paid", "statuses", "invalid"),
    ("status=payed", "status", "invalid_choice"),
    ("status=paid&status=payed", "status", "invalid_choice"),
    ("status=paid,payed", "status", "invalid_choice"),
    ("currency=EURO", "currency", "invalid"),
    ("currency=E1R", "currency", "invalid"),
    ("customer=" + "x" * 201, "customer", "max_length"),
    ("sku=" + "x" * 65, "sku", "max_length"),
    ("total_min=x", "total_min", "invalid"),
    ("total_min=NaN", "total_min", "invalid"),
    ("total_min=-1", "total_min", "min_value"),
    ("total_max=0.001", "total_max", "max_decimal_places"),
    ("total_max=1e300", "total_max", "max_digits"),
    ("total_min=2&total_max=1", "total_min", "invalid"),
    ("created_after=yesterday", "created_after", "invalid"),
    ("created_after=2026-02-30", "created_after", "invalid"),
    ("created_after=2026-02-03T25:00", "created_after", "invalid"),
    ("created_before=9999-12-31", "created_before", "invalid"),
    ("created_before=%D9%A2%D9%A0%D9%A2%D9%A6", "created_before", "invalid"),
    ("created_after=2026-02-02&created_before=2026-02-01T00:00:00Z", "created_after", "invalid"),
    ("sort=price", "sort", "invalid_choice"),
    ("sort=--relevance", "sort", "invalid_choice"),
    ("sort=total,created", "sort", "invalid_choice"),
    ("fields=id,password", "fields", "invalid_choice"),
    ("fresh=perhaps", "fresh", "invalid"),
]
SEARCH = [
    ("page=0", "page", "min_value"),
    ("page=x", "page", "invalid"),
    ("page=101&page_size=100", "page", "invalid"),
    ("page=1&cursor=x", "page", "invalid"),
    ("page_size=0", "page_size", "min_value"),
    ("page_size=201", "page_size", "max_value"),
    ("cursor=x", "cursor", "invalid"),
    ("cursor=x:y:z", "cursor", "invalid"),
    ("cursor=" + "x" * 4001, "cursor", "max_length"),
    ("facets=colour", "facets", "invalid_choice"),
    ("facets=true,status", "facets", "invalid_choice"),
    ("highlight=perhaps", "highlight", "invalid"),
]
BAD = [
    *[("search", *case) for case in [*BOTH, *SEARCH]],
    *[("search/export", *case) for case in BOTH],
    ("search/export", "format=xls", "format", "invalid_choice"),
    ("search/export", "page=2", "page", "invalid"),
    ("suggest", "q=" + "x" * 201, "q", "max_length"),
    ("suggest", "q=*", "q", "invalid"),
    ("suggest", "page=2", "page", "invalid"),
]


@pytest.mark.parametrize(("path", "query", "attr", "code"), BAD, ids=lambda each: each[:40])
def test_a_bad_parameter_is_named(client: Client, db: None, path: str, query: str, attr: str, code: str) -> None:
    response = client.get(f"/orders/{path}?{query}")
    assert response.status_code == 400
    assert response.json()["type"] == "validation_error"
    assert [(error["attr"], error["code"]) for error in response.json()["errors"]] == [(attr, code)]
    assert response.json()["errors"][0]["detail"]


def test_every_bad_parameter_is_named_at_once(client: Client, db: None) -> None:
    response = client.get("/orders/search?status=payed&total_min=x&sort=y")
    assert {error["attr"] for error in response.json()["errors"]} == {"status", "total_min", "sort"}


@pytest.mark.parametrize("path", ["search", "search/export", "suggest"])
def test_only_reading(client: Client, db: None, path: str) -> None:
    assert client.post(f"/orders/{path}").status_code == 405


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
    client.get("/orders/search?page=0")  # so that what is loaded once is loaded
    # A busy machine may take longer once; a service that waits takes longer each time.
    for _ in range(3):
        began = monotonic()
        response = client.get("/orders/search?q=ann")
        if (seconds := monotonic() - began) < 1.0:
            break
    assert seconds < 1.0
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


@pytest.mark.engine
@pytest.mark.conformance
@pytest.mark.parametrize("status", [404, 503])
def test_a_search_whose_index_is_deleted_is_repeated(
    client: Client, filled: Elasticsearch, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.01, NodeConfig("http", "127.0.0.1", 9200))
    gone = (ApiError if status == 503 else NotFoundError)("gone", meta, {})
    failures, search = iter([gone, gone, gone, None]), Elasticsearch.search

    def gone_at_first(self: Elasticsearch, **options: Any) -> Any:
        if failure := next(failures):
            raise failure
        return search(self, **options)

    monkeypatch.setattr(Elasticsearch, "search", gone_at_first)
    assert get(client)["count"] == 5
    assert next(failures, "exhausted") == "exhausted"
