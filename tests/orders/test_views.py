"""The API of orders, by the paths of the brief and by REST paths."""

from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from orders.models import Order
from tests.errors import error
from tests.factories import OrderFactory
from tests.orders.payloads import JOHN, as_json

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/orders/create", "/orders/create/", "/orders/", "/orders"])
def test_post_creates_an_order(client: APIClient, path: str) -> None:
    response = client.post(path, JOHN)
    order = Order.objects.get()
    assert (response.status_code, response.json()) == (201, as_json(order))
    assert (order.order_number, order.customer_name, order.total_amount) == (
        "order00003",
        "John Doe",
        Decimal("1234.56"),
    )
    assert response["Location"] == f"/orders/{order.pk}/"
    assert response["ETag"] == f'"{order.version}"'


@pytest.mark.parametrize("path", ["/orders/update/{}/", "/orders/update/{}", "/orders/{}/", "/orders/{}"])
def test_patch_changes_what_it_names(client: APIClient, path: str) -> None:
    before = OrderFactory.create()
    response = client.patch(path.format(before.pk), {"customer_name": "Jane Doe", "total_amount": 12.56})
    after = Order.objects.get()
    assert (response.status_code, response.json()) == (200, as_json(after))
    assert (after.order_number, after.customer_name, after.total_amount) == (
        before.order_number,
        "Jane Doe",
        Decimal("12.56"),
    )
    assert after.created_at == before.created_at
    assert after.updated_at > before.updated_at
    assert response["ETag"] == f'"{after.version}"'


@pytest.mark.parametrize("path", ["/orders/update/{}/", "/orders/{}/"])
def test_put_replaces_an_order(client: APIClient, path: str) -> None:
    before = OrderFactory.create()
    response = client.put(path.format(before.pk), JOHN)
    assert (response.status_code, response.json()) == (200, as_json(Order.objects.get()))
    assert response.json()["order_number"] == "order00003"


def test_put_needs_every_field(client: APIClient) -> None:
    order = OrderFactory.create()
    response = client.put(f"/orders/{order.pk}/", {"order_number": "a", "total_amount": 1})
    assert (response.status_code, response.json()) == (
        400,
        error("required", "This field is required.", "customer_name"),
    )


def test_get_shows_an_order(client: APIClient) -> None:
    order = OrderFactory.create()
    response = client.get(f"/orders/{order.pk}/")
    assert (response.status_code, response.json()) == (200, as_json(order))
    assert response["ETag"] == f'"{order.version}"'


def test_delete_removes_an_order(client: APIClient) -> None:
    order = OrderFactory.create()
    response = client.delete(f"/orders/{order.pk}/")
    assert (response.status_code, response.content) == (204, b"")
    assert not Order.objects.exists()


def test_a_client_sets_neither_id_nor_version_nor_times(client: APIClient) -> None:
    response = client.post("/orders/", JOHN | {"id": 7_000_000, "version": 7, "created_at": "2001-01-01T00:00:00Z"})
    order = Order.objects.get()
    assert response.json() == as_json(order)
    assert order.pk != 7_000_000
    assert order.version != 7
    assert order.created_at.year > 2001


@pytest.mark.parametrize(
    ("field", "sent", "kept"),
    [
        ("order_number", "  a 1\t", "a 1"),
        ("order_number", 17, "17"),
        ("order_number", "x" * 50 + " ", "x" * 50),
        ("customer_name", "\N{GRINNING FACE}" * 200, "\N{GRINNING FACE}" * 200),
        ("customer_name", "Zoë O'Neill", "Zoë O'Neill"),
        ("total_amount", "12.5", "12.50"),
        ("total_amount", 0, "0.00"),
        ("total_amount", "-0.00", "0.00"),
        ("total_amount", "1e3", "1000.00"),
        ("total_amount", "9999999999.99", "9999999999.99"),
    ],
)
def test_what_is_accepted_and_kept(client: APIClient, field: str, sent: object, kept: str) -> None:
    response = client.post("/orders/", JOHN | {field: sent})
    assert (response.status_code, response.json()[field]) == (201, kept)
    assert client.get(response["Location"]).json()[field] == kept


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
@pytest.mark.parametrize("pk", [0, 4_000_000, 2**63 - 1, 2**63, 10**40, "9" * 5000, "-1", "x", "1.0", "%00", "1/2"])
def test_an_unknown_id_is_a_404(client: APIClient, method: str, pk: object) -> None:
    response = getattr(client, method)(f"/orders/{pk}/", JOHN)
    assert (response.status_code, response.json()["type"]) == (404, "client_error")
    assert response.json()["errors"][0]["code"] == "not_found"
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", "/orders/"),
        ("get", "/orders/create"),
        ("patch", "/orders/create"),
        ("post", "/orders/1/"),
        ("get", "/orders/update/1/"),
        ("post", "/orders/update/1/"),
        ("delete", "/orders/update/1/"),
        ("trace", "/orders/"),
    ],
)
def test_other_methods_are_a_405(client: APIClient, method: str, path: str) -> None:
    response = client.generic(method.upper(), path)
    detail = f'Method "{method.upper()}" not allowed.'
    assert (response.status_code, response.json()) == (405, error("method_not_allowed", detail))


@pytest.mark.parametrize("path", ["/orders/", "/orders/create", "/orders/bulk", "/orders/{}/", "/orders/update/{}/"])
def test_options_lists_the_methods(client: APIClient, path: str) -> None:
    response = client.options(path.format(OrderFactory.create().pk))
    assert response.status_code == 200
    assert "OPTIONS" in response["Allow"]
