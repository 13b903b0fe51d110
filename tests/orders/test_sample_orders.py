"""`manage.py sample_orders`: the given number of orders, the same for the same seed, with unique numbers."""

import io
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from orders.models import Order, OrderStatus, total_of
from orders.sample_data import create_sample_orders
from orders.serializers import OrderSerializer
from tests.factories import OrderFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command("sample_orders", *map(str, arguments), stdout=out)
    return out.getvalue()


def contents() -> list[Any]:
    return [
        {
            name: value
            for name, value in OrderSerializer(order).data.items()
            if name not in ("id", "updated_at", "version")
        }
        for order in Order.objects.order_by("order_number")
    ]


def test_as_many_as_asked(settings: Any) -> None:
    assert run(7) == "7 sample orders created\n"
    assert [order.order_number for order in Order.objects.order_by("id")] == [f"S1-{at:07}" for at in range(1, 8)]
    assert run(1, "--verbosity", 0) == ""


def test_a_second_run_continues_the_numbers() -> None:
    OrderFactory.create(order_number="S1-order")
    OrderFactory.create(order_number="S11-0000004")
    run(3)
    run(2)
    run(1, "--seed", 11)
    numbers = set(Order.objects.values_list("order_number", flat=True))
    assert numbers == {"S1-order", "S11-0000004", "S11-0000005", *(f"S1-{at:07}" for at in range(1, 6))}


def test_the_same_seed_creates_the_same_orders() -> None:
    runs = []
    for batch_size, seed in ((500, 3), (2, 3), (500, 4)):
        Order.objects.all().delete()
        assert list(create_sample_orders(5, seed, now=NOW, batch_size=batch_size))[-1] == 5
        runs.append(contents())
    assert runs[0] == runs[1]
    assert [order["customer_name"] for order in runs[0]] != [order["customer_name"] for order in runs[2]]


def test_they_are_various_and_true() -> None:
    list(create_sample_orders(400, 1, now=NOW))
    orders = list(Order.objects.prefetch_related("lines"))
    scripts = {unicodedata.name(order.customer_name[0]).split()[0] for order in orders}
    assert scripts == {"LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "CJK", "HANGUL"}
    assert {order.status for order in orders} == set(OrderStatus)
    assert {len(order.lines.all()) for order in orders} == {1, 2, 3, 5}
    assert all(order.total_amount == total_of(order.lines.all()) for order in orders)
    months = {order.created_at.strftime("%Y-%m") for order in orders}
    assert len(months) >= 24
    assert all(NOW - timedelta(days=732) < order.created_at < NOW for order in orders)


def test_a_batch_is_a_few_statements(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(12):
        list(create_sample_orders(100, 1, now=NOW))


@pytest.mark.parametrize(
    "arguments", [["0"], ["x"], ["-1"], ["1000001"], ["1", "--seed", "-1"], ["1", "--seed", "1234567890"]]
)
def test_what_is_no_number(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"is not a number|expected one argument"):
        run(*arguments)
    assert not Order.objects.exists()
