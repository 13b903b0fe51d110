"""Any JSON gets an order or an error as its response, never a 500."""

import json
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from orders.models import Order
from tests.factories import OrderFactory

pytestmark = pytest.mark.django_db

# Lone surrogates and NUL characters are among the texts.
texts = st.text(st.characters(codec=None), max_size=60)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.decimals().map(str) | texts
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
lines = st.fixed_dictionaries(
    {"sku": texts, "quantity": st.integers(-1, 2**31), "unit_price": st.integers(0, 10**10)},
    optional={"description": texts | values},
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "order_number": texts | values,
        "customer_name": texts | values,
        "total_amount": st.decimals(-10, 10**11, places=2).map(float) | values,
        "currency": st.sampled_from(["EUR", "JPY", "eur"]) | values,
        "status": st.sampled_from(["paid", "lost"]) | values,
        "note": texts | values,
        "lines": st.lists(lines | values, max_size=3) | values,
        "id": values,
        "version": values,
    },
)
raw = st.binary(max_size=60) | bodies.map(json.dumps).map(str.encode) | values.map(json.dumps).map(str.encode)
fuzz = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def answers(response: Any, good: int) -> None:
    """Assert that the response is an order or an error."""
    if response.status_code == good:
        assert set(response.json()) == {
            "id",
            "order_number",
            "customer_name",
            "total_amount",
            "currency",
            "status",
            "note",
            "lines",
            "created_at",
            "updated_at",
            "version",
        }
    else:
        assert response.status_code == 400
        assert set(response.json()) == {"type", "errors"}
        assert all(set(error) == {"code", "detail", "attr"} for error in response.json()["errors"])


@fuzz
@given(body=raw)
def test_post(client: Client, body: bytes) -> None:
    with transaction.atomic():
        before = Order.objects.count()
        response = client.generic("POST", "/orders/create", body, content_type="application/json")
        answers(response, 201)
        assert Order.objects.count() - before == (response.status_code == 201)
        transaction.set_rollback(True)


@fuzz
@given(body=raw)
def test_patch(client: Client, body: bytes) -> None:
    with transaction.atomic():
        order = OrderFactory.create()
        response = client.generic("PATCH", f"/orders/{order.pk}/", body, content_type="application/json")
        answers(response, 200)
        if response.status_code == 400:
            assert Order.objects.get(pk=order.pk).customer_name == order.customer_name
        transaction.set_rollback(True)


@fuzz
@given(cursor=st.text(max_size=20), size=st.text(max_size=5))
def test_list(client: APIClient, cursor: str, size: str) -> None:
    response = client.get("/orders/", {"cursor": cursor, "page_size": size})
    assert response.status_code in (200, 400, 404)
