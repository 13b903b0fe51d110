"""Pages of orders."""

from base64 import b64encode

import pytest
from rest_framework.test import APIClient

from tests.errors import error
from tests.factories import OrderFactory

pytestmark = pytest.mark.django_db


def walk(client: APIClient, url: str | None, direction: str = "next") -> list[list[int]]:
    """Return the ids on each page, from `url` on."""
    pages = []
    while url:
        body = client.get(url).json()
        pages.append([order["id"] for order in body["results"]])
        url = body[direction]
    return pages


def test_no_orders(client: APIClient) -> None:
    assert client.get("/orders/").json() == {"next": None, "previous": None, "results": []}


def test_newest_first_each_once_there_and_back(client: APIClient) -> None:
    newest_first = [order.pk for order in OrderFactory.create_batch(5)][::-1]
    assert walk(client, "/orders/?page_size=2") == [newest_first[:2], newest_first[2:4], newest_first[4:]]
    second = client.get(client.get("/orders/?page_size=2").json()["next"]).json()
    assert walk(client, second["previous"], "previous") == [newest_first[:2]]


def test_an_order_that_arrives_moves_no_page(client: APIClient) -> None:
    newest_first = [order.pk for order in OrderFactory.create_batch(3)][::-1]
    following = client.get("/orders/?page_size=2").json()["next"]
    OrderFactory.create()
    assert walk(client, following) == [newest_first[2:]]


@pytest.mark.parametrize(("query", "size"), [("", 50), ("?page_size=500", 500), ("?page_size=2", 2)])
def test_the_size_of_a_page(client: APIClient, query: str, size: int) -> None:
    OrderFactory.create_batch(size + 1)
    assert len(client.get(f"/orders/{query}").json()["results"]) == size


@pytest.mark.parametrize("size", ["0", "501", "x", "", "-1", "1.5", " 2", "\N{ARABIC-INDIC DIGIT TWO}", "9" * 5000])
def test_an_invalid_size_is_refused(client: APIClient, size: str) -> None:
    response = client.get("/orders/", {"page_size": size})
    assert (response.status_code, response.json()) == (
        400,
        error("invalid", "Must be a number from 1 to 500.", "page_size"),
    )


@pytest.mark.parametrize("position", ["x", "1.5", "9" * 30, "-" + "9" * 30, "9" * 5000, "\0", ""])
def test_a_forged_cursor(client: APIClient, position: str) -> None:
    order = OrderFactory.create()
    for reverse in ("", "&r=1"):
        cursor = b64encode(f"p={position}{reverse}".encode()).decode()
        response = client.get("/orders/", {"cursor": cursor})
        if response.status_code == 200:
            assert [found["id"] for found in response.json()["results"]] in ([], [order.pk])
        else:
            assert (response.status_code, response.json()) == (404, error("not_found", "Invalid cursor"))
