"""An order's lines: created and replaced with it in one request, and their total."""

from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from orders.models import Order
from tests.errors import error
from tests.factories import OrderFactory
from tests.orders.payloads import BULB, JOHN, LAMP, UNPRICED, as_json

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(client: APIClient) -> Order:
    response = client.post("/orders/", UNPRICED | {"lines": [LAMP, BULB]})
    assert response.status_code == 201
    return Order.objects.get()


def test_an_order_is_created_with_its_lines_and_their_total(client: APIClient) -> None:
    response = client.post("/orders/create", UNPRICED | {"lines": [LAMP, BULB], "status": "draft", "currency": "JPY"})
    order = Order.objects.get()
    assert (response.status_code, response.json()) == (201, as_json(order))
    assert response.json()["lines"] == [LAMP, BULB | {"description": "", "unit_price": "3.00"}]
    assert (response.json()["total_amount"], order.status, order.currency) == ("23.50", "draft", "JPY")


def test_defaults(client: APIClient, settings: Any) -> None:
    settings.ORDER_CURRENCY = "CHF"
    response = client.post("/orders/create", JOHN)
    assert {name: response.json()[name] for name in ("currency", "status", "note", "lines")} == {
        "currency": "CHF",
        "status": "placed",
        "note": "",
        "lines": [],
    }


def test_database_defaults() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO orders_order (order_number, customer_name, total_amount) VALUES ('a', 'b', 1)")
    assert Order.objects.values("currency", "status", "note").get() == {
        "currency": "EUR",
        "status": "placed",
        "note": "",
    }


def test_a_total_that_agrees_with_the_lines_may_be_sent(client: APIClient) -> None:
    response = client.post("/orders/", UNPRICED | {"lines": [LAMP], "total_amount": 20.5})
    assert (response.status_code, response.json()["total_amount"]) == (201, "20.50")


def test_a_total_that_does_not_agree_is_refused(client: APIClient) -> None:
    response = client.post("/orders/", UNPRICED | {"lines": [LAMP], "total_amount": 20})
    assert (response.status_code, response.json()) == (
        400,
        error("invalid", "The lines add up to 20.50.", "total_amount"),
    )
    assert not Order.objects.exists()


@pytest.mark.parametrize("lines", [[], None])
def test_without_lines_the_total_is_needed(client: APIClient, lines: Any) -> None:
    fields = {} if lines is None else {"lines": lines}
    response = client.post("/orders/", UNPRICED | fields)
    assert response.status_code == 400
    assert response.json() == error("required", "This field is required.", "total_amount")


def test_lines_are_replaced_and_the_total_follows(client: APIClient, order: Order) -> None:
    response = client.patch(f"/orders/{order.pk}/", {"lines": [BULB]})
    after = Order.objects.get()
    assert (response.status_code, response.json()) == (200, as_json(after))
    assert (response.json()["total_amount"], len(response.json()["lines"])) == ("3.00", 1)
    assert after.version > order.version


def test_a_patch_of_something_else_leaves_the_lines(client: APIClient, order: Order) -> None:
    response = client.patch(f"/orders/{order.pk}/", {"status": "paid"})
    assert (response.json()["status"], len(response.json()["lines"])) == ("paid", 2)


def test_a_total_that_does_not_agree_with_the_kept_lines_is_refused(client: APIClient, order: Order) -> None:
    response = client.patch(f"/orders/{order.pk}/", {"total_amount": 5})
    assert (response.status_code, response.json()) == (
        400,
        error("invalid", "The lines add up to 23.50.", "total_amount"),
    )


def test_the_lines_may_go_with_a_new_total(client: APIClient, order: Order) -> None:
    response = client.patch(f"/orders/{order.pk}/", {"lines": [], "total_amount": 5})
    assert (response.json()["total_amount"], response.json()["lines"]) == ("5.00", [])


@pytest.mark.parametrize(
    ("wrong", "attr", "code"),
    [
        ({"lines": [LAMP | {"quantity": 0}]}, "lines.0.quantity", "min_value"),
        ({"lines": [LAMP | {"quantity": 1.5}]}, "lines.0.quantity", "invalid"),
        ({"lines": [LAMP | {"quantity": 1_000_001}]}, "lines.0.quantity", "max_value"),
        ({"lines": [LAMP, BULB | {"unit_price": -1}]}, "lines.1.unit_price", "min_value"),
        ({"lines": [LAMP, BULB | {"sku": ""}]}, "lines.1.sku", "blank"),
        ({"lines": [LAMP | {"description": "x" * 201}]}, "lines.0.description", "max_length"),
        ({"lines": [{}]}, "lines.0.sku", "required"),
        ({"lines": "lamp"}, "lines.non_field_errors", "not_a_list"),
        ({"lines": [7]}, "lines.0.non_field_errors", "invalid"),
        ({"lines": [LAMP] * 501}, "lines.non_field_errors", "max_length"),
        ({"lines": [BULB | {"unit_price": 9_999_999_999, "quantity": 2}]}, "lines", "invalid"),
        ({"status": "lost"}, "status", "invalid_choice"),
        ({"status": ""}, "status", "invalid_choice"),
        ({"currency": "eur"}, "currency", "invalid_choice"),
        ({"currency": None}, "currency", "null"),
        ({"note": "x" * 2001}, "note", "max_length"),
        ({"note": "a\0b"}, "note", "null_characters_not_allowed"),
    ],
)
def test_bad_input_is_named_and_nothing_is_kept(client: APIClient, wrong: Any, attr: str, code: str) -> None:
    response = client.post("/orders/", JOHN | wrong)
    errors = {(error["attr"], error["code"]) for error in response.json()["errors"]}
    assert (response.status_code, (attr, code) in errors) == (400, True), errors
    assert not Order.objects.exists()


@pytest.mark.parametrize("line", [{"sku": "a"}, {"sku": "a", "unit_price": 1}, {"quantity": 1, "unit_price": 1}, {}])
def test_a_line_is_whole_also_in_a_patch(client: APIClient, order: Order, line: dict[str, Any]) -> None:
    response = client.patch(f"/orders/{order.pk}/", {"lines": [line]})
    missing = [name for name in ("sku", "quantity", "unit_price") if name not in line]
    required = [
        {"code": "required", "detail": "This field is required.", "attr": f"lines.0.{name}"} for name in missing
    ]
    assert (response.status_code, response.json()) == (400, {"type": "validation_error", "errors": required})
    assert Order.objects.get().lines.count() == 2


def test_a_list_of_orders_reads_their_lines_at_once(client: APIClient, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        OrderFactory.create()
    with django_assert_num_queries(2):
        client.get("/orders/")
