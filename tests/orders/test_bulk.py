"""Many orders in one request: all or none, or the valid ones; in as few statements as one."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.signals import post_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from orders import bulk
from orders.models import Order, OrderLine
from tests.errors import error
from tests.factories import OrderFactory
from tests.orders.concurrency import answer, at_once, wait_until_locked_out
from tests.orders.payloads import BULB, JOHN, LAMP, UNPRICED, as_json

pytestmark = pytest.mark.django_db

TAKEN = "order with this order number already exists."
REPEATED = "An earlier order in this request has the same order number."
REQUIRED = "This field is required."


def orders(count: int, **more: Any) -> list[dict[str, Any]]:
    return [JOHN | {"order_number": f"b{at:04}"} | more for at in range(count)]


def ndjson(client: Client, body: str | bytes, query: str = "") -> Any:
    return client.generic("POST", f"/orders/bulk{query}", body, content_type="application/x-ndjson")


def errors(*expected: tuple[str, str, str]) -> dict[str, Any]:
    listed = [{"attr": attr, "code": code, "detail": detail} for attr, code, detail in expected]
    return {"type": "validation_error", "errors": listed}


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Return the numbers of the orders that post_save was sent for."""
    numbers: list[str] = []

    def note(instance: Order, created: bool, **more: Any) -> None:
        assert created
        numbers.append(instance.order_number)

    post_save.connect(note, sender=Order)
    yield numbers
    post_save.disconnect(note, sender=Order)


@pytest.mark.parametrize("path", ["/orders/bulk", "/orders/bulk/"])
def test_orders_are_created_in_their_order(client: APIClient, heard: list[str], path: str) -> None:
    sent = [
        JOHN,
        UNPRICED | {"order_number": "with lines", "lines": [LAMP, BULB], "status": "paid", "currency": "JPY"},
        JOHN | {"order_number": " third ", "note": "soon"},
    ]
    response = client.post(path, sent)
    created = list(Order.objects.order_by("id"))
    assert (response.status_code, response.json()) == (201, [as_json(order) for order in created])
    assert [order.order_number for order in created] == heard == ["order00003", "with lines", "third"]
    assert [order["total_amount"] for order in response.json()] == ["1234.56", "23.50", "1234.56"]
    assert response.json()[1]["lines"] == [LAMP, BULB | {"description": "", "unit_price": "3.00"}]
    assert response["X-Search-Status"] == "pending"
    assert "ETag" not in response


def test_lines_of_json(client: APIClient) -> None:
    first, second = orders(2)
    response = ndjson(client, f"\n{json.dumps(first)}\r\n\n  {json.dumps(second)}")
    assert (response.status_code, response.json()) == (201, [as_json(order) for order in Order.objects.order_by("id")])
    assert Order.objects.count() == 2


def test_the_number_of_queries_does_not_grow(client: APIClient) -> None:
    counts = []
    for count in (1, 100):
        Order.objects.all().delete()
        sent = [UNPRICED | {"order_number": f"q{at}", "lines": [LAMP]} for at in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.post("/orders/bulk", sent).status_code == 201
        counts.append(sum("SAVEPOINT" not in query["sql"] for query in queries))
    assert counts[0] == counts[1] == 5  # existing numbers, orders, lines, versions, lines again


def test_a_thousand(client: APIClient) -> None:
    response = client.post("/orders/bulk", orders(1_000))
    assert (response.status_code, len(response.json()), Order.objects.count()) == (201, 1_000, 1_000)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], ("non_field_errors", "empty", "This list may not be empty.")),
        (orders(1_001), ("non_field_errors", "max_length", "Ensure this field has no more than 1000 elements.")),
    ],
)
@pytest.mark.parametrize("query", ["", "?atomic=false"])
def test_too_few_and_too_many(client: APIClient, body: Any, expected: tuple[str, str, str], query: str) -> None:
    response = client.post(f"/orders/bulk{query}", body)
    assert (response.status_code, response.json()) == (400, errors(expected))
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("{}", "The body must be a JSON array."),
        ('"a"', "The body must be a JSON array."),
        ("[{]", "JSON parse error - Expecting property name enclosed in double quotes: line 1 column 3 (char 2)"),
        ("[" * 100_000, "JSON parse error - more than 20 levels deep"),
        ("[" * 21 + "]" * 21, "JSON parse error - more than 20 levels deep"),
    ],
    ids=range(5),
)
def test_a_body_that_is_no_array(client: APIClient, body: str, detail: str) -> None:
    response = client.generic("POST", "/orders/bulk", body, content_type="application/json")
    assert (response.status_code, response.json()) == (400, error("parse_error", detail))


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b"{", "JSON parse error - Expecting property name enclosed in double quotes: column 2 (char 1)"),
        (b"\xff", "JSON parse error - 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"[" * 30 + b"]" * 30, "JSON parse error - more than 20 levels deep"),
    ],
    ids=range(3),
)
@pytest.mark.parametrize("query", ["", "?atomic=false"])
def test_a_broken_line_is_named_and_nothing_is_kept(client: APIClient, line: bytes, detail: str, query: str) -> None:
    body = b"\n".join([json.dumps(JOHN).encode(), b"", line])
    response = ndjson(client, body, query)
    assert (response.status_code, response.json()) == (400, error("parse_error", f"Line 3: {detail}"))
    assert not Order.objects.exists()


@pytest.mark.parametrize("content_type", ["text/plain", "application/jsonl", "multipart/form-data; boundary=x", ""])
def test_other_media_types_are_a_415(client: Client, content_type: str) -> None:
    response = client.generic("POST", "/orders/bulk", b"[]", content_type=content_type)
    detail = f'Unsupported media type "{content_type}" in request.'
    assert (response.status_code, response.json()) == (415, error("unsupported_media_type", detail))


@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
def test_a_body_over_the_limit_is_a_413(client: Client, settings: Any, content_type: str) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = client.generic("POST", "/orders/bulk", b" " * 101, content_type=content_type)
    assert (response.status_code, response.json()) == (413, error("body_too_large", "The body is over 100 bytes."))


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_are_a_405(client: APIClient, method: str) -> None:
    assert getattr(client, method)("/orders/bulk").status_code == 405


@pytest.mark.parametrize("atomic", ["maybe", "", "null"])
def test_atomic_is_true_or_false(client: APIClient, atomic: str) -> None:
    response = client.post(f"/orders/bulk?atomic={atomic}", [JOHN])
    assert (response.status_code, response.json()["errors"][0]["attr"]) == (400, "atomic")
    assert not Order.objects.exists()


BAD = [
    JOHN,
    JOHN | {"customer_name": " "},
    7,
    UNPRICED | {"order_number": "b", "lines": [LAMP, BULB | {"quantity": 0}]},
    JOHN | {"order_number": "taken"},
    {},
    JOHN | {"order_number": "c", "total_amount": 5, "lines": [LAMP]},
    JOHN | {"order_number": "d"},
]
REASONS = [
    (1, "order_number", "unique", REPEATED),
    (1, "customer_name", "blank", "This field may not be blank."),
    (2, "non_field_errors", "invalid", "Invalid data. Expected a dictionary, but got str."),
    (3, "lines.1.quantity", "min_value", "Ensure this value is greater than or equal to 1."),
    (4, "order_number", "unique", TAKEN),
    (5, "order_number", "required", REQUIRED),
    (5, "customer_name", "required", REQUIRED),
    (5, "total_amount", "required", REQUIRED),
    (6, "total_amount", "invalid", "The lines add up to 20.50."),
]


def test_every_bad_order_is_named_by_its_place_and_none_is_kept(client: APIClient, heard: list[str]) -> None:
    OrderFactory.create(order_number="taken")
    heard.clear()
    response = client.post("/orders/bulk", BAD)
    listed = {(error["attr"], error["code"], error["detail"]) for error in response.json()["errors"]}
    assert (response.status_code, response.json()["type"]) == (400, "validation_error")
    assert listed == {(f"{at}.{attr}", code, detail) for at, attr, code, detail in REASONS}
    assert (Order.objects.count(), heard) == (1, [])


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (None, ("0", "null", "This field may not be null.")),
        (7, ("0.non_field_errors", "invalid", "Invalid data. Expected a dictionary, but got str.")),
        (JOHN | {"customer_name": ""}, ("0.customer_name", "blank", "This field may not be blank.")),
    ],
)
def test_the_first_order_is_named_too(client: APIClient, first: Any, expected: tuple[str, str, str]) -> None:
    response = client.post("/orders/bulk", [first])
    assert (response.status_code, response.json()) == (400, errors(expected))


def test_of_not_atomic_ones_the_good_are_kept(client: APIClient, heard: list[str]) -> None:
    OrderFactory.create(order_number="taken")
    heard.clear()
    response = client.post("/orders/bulk?atomic=false", BAD)
    answered = response.json()
    kept = [as_json(order) for order in Order.objects.exclude(order_number="taken").order_by("id")]
    assert (response.status_code, answered["created"], answered["refused"]) == (207, 2, 6)
    assert [result["status"] for result in answered["results"]] == [201, 400, 400, 400, 400, 400, 400, 201]
    assert [result["order"] for result in answered["results"] if result["status"] == 201] == kept
    listed = {
        (at, error["attr"], error["code"], error["detail"])
        for at, result in enumerate(answered["results"])
        for error in result.get("errors", [])
    }
    assert listed == set(REASONS)
    assert heard == ["order00003", "d"]
    assert response["X-Search-Status"] == "pending"


def test_not_atomic_and_nothing_good(client: APIClient) -> None:
    response = client.post("/orders/bulk?atomic=false", [{"order_number": "a", "customer_name": "b"}])
    listed = {"status": 400, "errors": [{"attr": "total_amount", "code": "required", "detail": REQUIRED}]}
    assert (response.status_code, response.json()) == (207, {"created": 0, "refused": 1, "results": [listed]})


def test_what_fails_on_the_way_leaves_nothing(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(bulk, "prefetch_related_objects", fail)
    sent = [UNPRICED | {"lines": [LAMP]}]
    response = client.post("/orders/bulk", sent)
    assert response.status_code == 500
    assert (Order.objects.count(), OrderLine.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_requests_with_a_number_in_common_one_wins(round_: int) -> None:
    sent = [[JOHN | {"order_number": number} for number in (f"own{at}", "common")] for at in range(4)]
    answers = at_once(*[lambda body=body: answer("post", "/orders/bulk", body) for body in sent])
    assert sorted(status for status, _ in answers) == [201] + [400] * 3
    refused = [body for status, body in answers if status == 400]
    assert refused == [errors(("1.order_number", "unique", TAKEN))] * 3
    assert Order.objects.count() == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("query", "status", "kept"), [("", 400, 1), ("?atomic=false", 207, 2)])
def test_a_number_taken_after_it_was_looked_up(started: Any, query: str, status: int, kept: int) -> None:
    body = [JOHN | {"order_number": "own"}, JOHN | {"order_number": "a"}]
    with transaction.atomic():
        OrderFactory.create(order_number="a")
        post = started(lambda: answer("post", f"/orders/bulk{query}", body))
        wait_until_locked_out()  # past the look-up, at the unique index
    answered = post.result(10)
    assert (answered[0], Order.objects.count()) == (status, kept)
    if not query:
        assert answered[1] == errors(("1.order_number", "unique", TAKEN))
