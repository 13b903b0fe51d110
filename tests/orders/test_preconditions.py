"""If-Match and If-None-Match, by the whole path of a request (RFC 9110, 13.1)."""

import pytest
from rest_framework.test import APIClient

from orders.models import Order
from orders.preconditions import PreconditionFailed
from tests.errors import error
from tests.factories import OrderFactory

pytestmark = pytest.mark.django_db

REFUSED = error("precondition_failed", str(PreconditionFailed.default_detail))
NEW = {"order_number": "new", "customer_name": "New", "total_amount": 1}
# {} is the order's version.
PASSING = ['"{}"', "*", '"0", "{}"', ' "{}" ,"0"', '"0",W/"1","{}"']
FAILING = ['"0{}"', 'W/"{}"', "{}", "", '"', '""', '"{}', "W/*", '"x", W/"{}"', "'{}'"]


def change(client: APIClient, method: str, order: Order, **headers: str) -> tuple[int, object]:
    response = getattr(client, method)(f"/orders/{order.pk}/", NEW, headers=headers)
    return response.status_code, response.content and response.json()


@pytest.mark.parametrize("header", PASSING)
@pytest.mark.parametrize("method", ["put", "patch", "delete", "get"])
def test_if_match_with_the_version_passes(client: APIClient, method: str, header: str) -> None:
    order = OrderFactory.create()
    status, _ = change(client, method, order, if_match=header.format(order.version))
    assert status == (204 if method == "delete" else 200)


@pytest.mark.parametrize("header", FAILING)
@pytest.mark.parametrize("method", ["put", "patch", "delete", "get"])
def test_if_match_without_the_version_is_a_412(client: APIClient, method: str, header: str) -> None:
    order = OrderFactory.create()
    assert change(client, method, order, if_match=header.format(order.version)) == (412, REFUSED)
    assert list(Order.objects.values_list("order_number", "version")) == [(order.order_number, order.version)]


def test_an_error_of_its_own_comes_first(client: APIClient) -> None:
    order = OrderFactory.create()
    assert client.patch("/orders/0/", {}, headers={"if-match": '"0"'}).status_code == 404
    assert client.patch(f"/orders/{order.pk}/", {"total_amount": -1}, headers={"if-match": '"0"'}).status_code == 400


@pytest.mark.parametrize("header", ['"{}"', 'W/"{}"', "*", '"0", "{}"'])
def test_if_none_match_of_what_is_known_is_a_304(client: APIClient, header: str) -> None:
    order = OrderFactory.create()
    for method in (client.get, client.head):
        response = method(f"/orders/{order.pk}/", headers={"if-none-match": header.format(order.version)})
        assert (response.status_code, response.content, response["ETag"]) == (304, b"", f'"{order.version}"')


@pytest.mark.parametrize("header", ['"0{}"', "{}", ""])
def test_if_none_match_of_another_version_is_an_answer(client: APIClient, header: str) -> None:
    order = OrderFactory.create()
    response = client.get(f"/orders/{order.pk}/", headers={"if-none-match": header.format(order.version)})
    assert (response.status_code, response.json()["id"]) == (200, order.pk)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_if_none_match_forbids_a_change(client: APIClient, method: str) -> None:
    order = OrderFactory.create()
    assert change(client, method, order, if_none_match="*") == (412, REFUSED)
    assert change(client, method, order, if_none_match=f'W/"{order.version}"') == (412, REFUSED)
