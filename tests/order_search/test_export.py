"""GET /orders/search/export: a whole result, safe to open, in constant memory, and never silently cut short."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from elasticsearch import Elasticsearch, NotFoundError
from elasticsearch.helpers import bulk

from order_search.documents import OrderDocument
from order_search.fields import ORDERS
from order_search.serializers import HighlightedOrder
from search.client import client as engine_client
from search.exceptions import SearchError
from search.indices import lifecycle
from search.query import export
from search.query.client import DeadlineClient
from search.query.cursor import decode_cursor
from search.query.export import Export
from search.query.request import SearchRequest
from tests.order_search.conftest import index_of
from tests.order_search.five_hundred import five_hundred, source

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"]  # noqa: RUF001
HEAD = "id,order_number,customer_name,total_amount,currency,status,note,lines,created_at,updated_at,version\r\n"


def exported_from(name: str, format: str) -> Export:
    client = DeadlineClient(index=name, seconds=30)
    return Export(SearchRequest(schema=ORDERS), format, HighlightedOrder(), client)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text: str) -> None:
    assert export.cell(text) == f"'{text}"


@pytest.mark.parametrize(("value", "cell"), [("a=1", "a=1"), ("", ""), (7, 7), (-7, -7), ([], "[]"), (["="], '["="]')])
def test_other_cells_are_as_they_are(value: Any, cell: Any) -> None:
    assert export.cell(value) == cell


@pytest.mark.engine
@pytest.mark.conformance
class TestOverHttp:
    """As a client sees it."""

    @pytest.fixture
    def filled(self, engine: Elasticsearch, patient: None) -> Elasticsearch:
        """The 500 orders behind the alias, and one whose texts are formulas; pages are small."""
        name = lifecycle.create_physical_index(OrderDocument)
        engine.indices.put_alias(index=name, name=OrderDocument._index._name)
        orders = [*five_hundred(), source(501, "=A1", '=HYPERLINK("x")', "a\nb, c", [("-5", "@x")])]
        bulk(engine, [{"_index": name, "_id": each["id"], "_source": each} for each in orders], refresh=True)
        return engine

    def get(self, client: Client, query: str) -> Any:
        response = client.get(f"/orders/search/export?{query}")
        assert response.status_code == 200, response.content
        return response, b"".join(response).decode()

    def test_csv(self, client: Client, filled: Elasticsearch, db: None) -> None:
        response, text = self.get(client, "q=ord-1&sort=number")
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response["Content-Disposition"] == 'attachment; filename="orders.csv"'
        assert text.startswith(HEAD)
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        numbers = sorted(order["order_number"] for order in five_hundred() if order["order_number"].startswith("ORD-1"))
        assert [row["order_number"] for row in rows] == numbers
        assert rows[0] == {
            "id": "1",
            "order_number": "ORD-1001",
            "customer_name": "Jane Doe",
            "total_amount": "37.50",
            "currency": "USD",
            "status": "placed",
            "note": "",
            "lines": '[{"sku":"LMP-100","description":"Desk lamp, brass","quantity":1,"unit_price":"5.00"}]',
            "created_at": "2025-01-02T08:00:00Z",
            "updated_at": "2025-01-02T08:00:00Z",
            "version": "1",
        }

    def test_csv_with_formulas(self, client: Client, filled: Elasticsearch, db: None) -> None:
        _, text = self.get(client, "sku=-5&fields=order_number,customer_name,note")
        assert text == 'order_number,customer_name,note\r\n\'=A1,"\'=HYPERLINK(""x"")","a\nb, c"\r\n'

    def test_ndjson_is_what_a_search_answers(self, client: Client, filled: Elasticsearch, db: None) -> None:
        response, text = self.get(client, "format=ndjson&q=walker&status=paid&sort=-total")
        assert response["Content-Type"] == "application/x-ndjson"
        assert response["Content-Disposition"] == 'attachment; filename="orders.ndjson"'
        answer = client.get("/orders/search?q=walker&status=paid&sort=-total&page_size=200").json()
        assert answer["count"] > 1
        assert [json.loads(line) for line in text.splitlines()] == answer["results"]

    def test_all_pages_and_each_order_once(
        self, client: Client, filled: Elasticsearch, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export, "PAGE_SIZE", 100)
        _, text = self.get(client, "format=ndjson&fields=id")
        assert [json.loads(line) for line in text.splitlines()] == [{"id": key} for key in range(501, 0, -1)]

    def test_nothing_found_is_a_head_and_no_rows(self, client: Client, filled: Elasticsearch, db: None) -> None:
        assert self.get(client, "q=qqqqqqq")[1] == HEAD
        assert self.get(client, "q=qqqqqqq&format=ndjson")[1] == ""

    @pytest.mark.parametrize("accepted", ["text/csv", "application/json", "text/html"])
    def test_what_a_client_accepts_does_not_matter(
        self, client: Client, filled: Elasticsearch, db: None, accepted: str
    ) -> None:
        assert client.get("/orders/search/export", headers={"Accept": accepted}).status_code == 200
        assert client.get("/orders/search/export?sort=x", headers={"Accept": accepted}).status_code == 400

    def test_no_index_is_503_and_not_an_empty_file(self, client: Client, engine: Elasticsearch, db: None) -> None:
        response = client.get("/orders/search/export")
        assert (response.status_code, response["Retry-After"], response["Content-Type"]) == (
            503,
            "5",
            "application/json",
        )

    def test_a_client_that_goes_away_leaves_no_point_in_time(
        self, client: Client, filled: Elasticsearch, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export, "PAGE_SIZE", 100)
        response = client.get("/orders/search/export")
        exported = response.streaming_content  # type: ignore[attr-defined]
        next(iter(exported))
        closed = []
        monkeypatch.setattr(DeadlineClient, "close_point_in_time", lambda self, pit: closed.append(pit))
        response.close()
        assert len(closed) == 1
        filled.close_point_in_time(id=closed[0])


@pytest.mark.engine
@pytest.mark.conformance
class TestParts:
    """Without HTTP."""

    def test_a_point_in_time_ends_with_the_export(self, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(export, "PAGE_SIZE", 200)
        exported = exported_from(index, "csv")
        assert len(list(exported)) == 4  # the head, and three pages
        point = decode_cursor(exported.first_cursor or "", exported.request.key).pit
        exported.close()
        with pytest.raises(NotFoundError):
            engine_client().search(pit={"id": point})

    def test_an_engine_that_fails_on_the_way_breaks_the_answer_off(
        self, index: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So that no client takes the part that it has for the whole."""
        monkeypatch.setattr(export, "PAGE_SIZE", 200)
        exported = exported_from(index, "ndjson")
        parts = iter(exported)
        assert [next(parts), next(parts).count("\n")] == ["", 200]
        exported.close()
        with pytest.raises(SearchError):
            next(parts)

    @pytest.mark.slow
    @pytest.mark.real
    def test_memory_does_not_grow_with_the_result(self) -> None:
        def peak(name: str) -> tuple[int, int]:
            tracemalloc.start()
            try:
                exported = exported_from(name, "ndjson")
                rows = sum(part.count("\n") for part in exported)
                return rows, tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

        def orders(count: int) -> Iterator[dict[str, Any]]:
            return (source(at, f"N-{at}", "Somebody", "x" * 500, [("S-1", "Something")]) for at in range(1, count + 1))

        with index_of(orders(2_000)) as small, index_of(orders(12_000)) as large:
            peak(small)  # what is loaded once
            few, little = peak(small)
            many, much = peak(large)
        assert (few, many) == (2_000, 12_000)
        assert much < 1.5 * little
