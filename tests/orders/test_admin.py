"""Orders in the admin."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.test import Client

from orders.models import Order
from tests.factories import OrderFactory
from tests.orders.concurrency import wait_until_locked_out

NO_LINES = {"lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0"}
ONE_LINE = {
    "lines-TOTAL_FORMS": "1",
    "lines-INITIAL_FORMS": "0",
    "lines-0-position": "1",
    "lines-0-sku": "lamp",
    "lines-0-quantity": "3",
    "lines-0-unit_price": "2.50",
}
FORM = {"order_number": "a1", "customer_name": "Ann", "total_amount": "1.50", "currency": "EUR", "status": "paid"}
FORM |= NO_LINES


@pytest.fixture
def staff(transactional_db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("staff"))
    return client


def test_add_change_list_delete(staff: Client) -> None:
    assert staff.post("/admin/orders/order/add/", FORM).status_code == 302
    order = Order.objects.get()
    assert staff.post(f"/admin/orders/order/{order.pk}/change/", FORM | {"total_amount": "2"}).status_code == 302
    order.refresh_from_db()
    assert (order.order_number, order.customer_name, order.total_amount) == ("a1", "Ann", 2)
    assert "a1" in staff.get("/admin/orders/order/?q=ann").content.decode()
    assert staff.post(f"/admin/orders/order/{order.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Order.objects.exists()


def test_the_total_is_calculated_from_the_lines(staff: Client) -> None:
    assert staff.post("/admin/orders/order/add/", FORM | ONE_LINE).status_code == 302
    order = Order.objects.get()
    assert (order.total_amount, str(order.lines.get())) == (Decimal("7.50"), "3 x lamp")


@pytest.mark.parametrize("wrong", [{"total_amount": "-1"}, {"total_amount": "NaN"}, {"customer_name": "a\0b"}])
def test_invalid_input_is_shown_in_the_form(staff: Client, wrong: dict[str, str]) -> None:
    response = staff.post("/admin/orders/order/add/", FORM | wrong)
    assert (response.status_code, list(response.context["errors"].data[0].data) != []) == (200, True)
    assert not Order.objects.exists()


@pytest.mark.postgres
def test_an_order_deleted_concurrently_is_not_recreated(staff: Client) -> None:
    order = OrderFactory.create()

    def save() -> int:
        try:
            return staff.post(f"/admin/orders/order/{order.pk}/change/", FORM).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Order.objects.filter(pk=order.pk).delete()
            saved = pool.submit(save)
            wait_until_locked_out()
        assert saved.result(10) == 302  # to the list, which says that the order does not exist
    assert not Order.objects.exists()
