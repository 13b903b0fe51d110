"""Bad input is a 400 that names the field and the reason; nothing is written and nothing is a 500."""

import json
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from orders.models import Order
from tests.errors import error
from tests.factories import OrderFactory

pytestmark = pytest.mark.django_db

GOOD = {"order_number": "a1", "customer_name": "Ann", "total_amount": 1}
NO_NUMBER = ("invalid", "A valid number is required.")
NO_TEXT = ("invalid", "Not a valid string.")
NULL = ("null", "This field may not be null.")
BLANK = ("blank", "This field may not be blank.")
NUL = ("null_characters_not_allowed", "Null characters are not allowed.")
SURROGATE = ("surrogate_characters_not_allowed", "Surrogate characters are not allowed: U+D800.")
TOO_MANY_DIGITS = ("max_digits", "Ensure that there are no more than 12 digits in total.")
TOO_BIG = ("max_whole_digits", "Ensure that there are no more than 10 digits before the decimal point.")
TOO_FINE = ("max_decimal_places", "Ensure that there are no more than 2 decimal places.")

# The field, its value as it stands in the JSON, and the reason it is refused for.
BAD_FIELDS = [
    ("total_amount", "NaN", NO_NUMBER),
    ("total_amount", "Infinity", NO_NUMBER),
    ("total_amount", "-Infinity", NO_NUMBER),
    ("total_amount", '"NaN"', NO_NUMBER),
    ("total_amount", '"sNaN"', NO_NUMBER),
    ("total_amount", '"Infinity"', NO_NUMBER),
    ("total_amount", '""', NO_NUMBER),
    ("total_amount", '"\\ud800"', NO_NUMBER),
    ("total_amount", '"\\u0000"', NO_NUMBER),
    ("total_amount", '"twelve"', NO_NUMBER),
    ("total_amount", "true", NO_NUMBER),
    ("total_amount", "[]", NO_NUMBER),
    ("total_amount", "[1]", NO_NUMBER),
    ("total_amount", "{}", NO_NUMBER),
    ("total_amount", "null", NULL),
    ("total_amount", "-0.01", ("min_value", "Ensure this value is greater than or equal to 0.")),
    ("total_amount", "1.234", TOO_FINE),
    ("total_amount", "0.1000000000000000055511151231257827", TOO_MANY_DIGITS),
    ("total_amount", "1e-3", TOO_FINE),
    ("total_amount", "10000000000", TOO_BIG),
    ("total_amount", "9999999999.999", TOO_MANY_DIGITS),
    ("total_amount", "1e400", TOO_MANY_DIGITS),
    ("total_amount", "1e999999999", TOO_MANY_DIGITS),
    ("total_amount", "1e99999999999999999999", NO_NUMBER),
    ("total_amount", "9" * 1_000, TOO_MANY_DIGITS),
    ("total_amount", "9" * 10_000, ("max_string_length", "String value too large.")),
    *[
        (field, value, reason)
        for field in ("order_number", "customer_name")
        for value, reason in [
            ("null", NULL),
            ('""', BLANK),
            ('" \\t\\n\\u00a0"', BLANK),
            ("true", NO_TEXT),
            ("NaN", NO_TEXT),
            ("[]", NO_TEXT),
            ('["a"]', NO_TEXT),
            ('{"a": 1}', NO_TEXT),
            ('"a\\u0000b"', NUL),
            ('"a\\ud800b"', SURROGATE),
        ]
    ],
    ("order_number", f'"{"x" * 51}"', ("max_length", "Ensure this field has no more than 50 characters.")),
    ("order_number", "1" * 51, ("max_length", "Ensure this field has no more than 50 characters.")),
    ("customer_name", f'"{"x" * 201}"', ("max_length", "Ensure this field has no more than 200 characters.")),
]


def send(client: Client, method: str, path: str, body: str | bytes, **headers: Any) -> Any:
    return client.generic(method, path, body, content_type="application/json", **headers)


@pytest.mark.parametrize(("field", "value", "reason"), BAD_FIELDS)
def test_a_bad_field_is_named_when_an_order_is_made(
    client: APIClient, field: str, value: str, reason: tuple[str, str]
) -> None:
    body = json.dumps(GOOD | {field: "HERE"}).replace('"HERE"', value)
    response = send(client, "POST", "/orders/create", body)
    assert (response.status_code, response.json()) == (400, error(*reason, field))
    assert not Order.objects.exists()


@pytest.mark.parametrize(("field", "value", "reason"), BAD_FIELDS)
def test_a_bad_field_is_named_when_an_order_is_changed(
    client: APIClient, field: str, value: str, reason: tuple[str, str]
) -> None:
    order = OrderFactory.create()
    response = send(client, "PATCH", f"/orders/update/{order.pk}/", f'{{"{field}": {value}}}')
    assert (response.status_code, response.json()) == (400, error(*reason, field))
    assert list(Order.objects.values_list("version")) == [(order.version,)]


def test_every_bad_field_is_named(client: APIClient) -> None:
    response = send(client, "POST", "/orders/create", "{}")
    required = [
        {"code": "required", "detail": "This field is required.", "attr": field}
        for field in ("order_number", "customer_name", "total_amount")
    ]
    assert (response.status_code, response.json()) == (400, {"type": "validation_error", "errors": required})


DEEP = "JSON parse error - more than 20 levels deep"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"{", "JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b" ", "JSON parse error - Expecting value: line 1 column 2 (char 1)"),
        (b'{"a": 01}', "JSON parse error - Expecting ',' delimiter: line 1 column 8 (char 7)"),
        (b'{"a": "\x01"}', "JSON parse error - Invalid control character at: line 1 column 8 (char 7)"),
        (b"\xff{}", "JSON parse error - 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (
            b'{"customer_name": "\xed\xa0\x80"}',
            "JSON parse error - 'utf-8' codec can't decode byte 0xed in position 19: invalid continuation byte",
        ),
        (b"[" * 100_000, DEEP),
        (b'{"a":' * 100_000, DEEP),
        (b'{"total_amount": ' + b"[" * 20 + b"]" * 20 + b"}", DEEP),
        (b'{"total_amount": ' + b"[" * 700 + b"]" * 700 + b"}", DEEP),
        (b"null", "The body must be a JSON object."),
        (b"[]", "The body must be a JSON object."),
        (b'[{"order_number": "a"}]', "The body must be a JSON object."),
        (b'"a"', "The body must be a JSON object."),
        (b"1", "The body must be a JSON object."),
        (b"NaN", "The body must be a JSON object."),
        (b"true", "The body must be a JSON object."),
    ],
    ids=range(17),
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/orders/create"), ("PATCH", "/orders/{}/"), ("PUT", "/orders/update/{}/")]
)
def test_a_body_that_is_no_json_object(client: APIClient, method: str, path: str, body: bytes, detail: str) -> None:
    order = OrderFactory.create()
    response = send(client, method, path.format(order.pk), body)
    assert (response.status_code, response.json()) == (400, error("parse_error", detail))
    assert list(Order.objects.values_list("version")) == [(order.version,)]


@pytest.mark.parametrize("path", ["/orders/create", "/orders/"])
def test_a_taken_order_number(client: APIClient, path: str) -> None:
    order = OrderFactory.create()
    response = client.post(path, GOOD | {"order_number": f" {order.order_number} "})
    assert (response.status_code, response.json()) == (
        400,
        error("unique", "order with this order number already exists.", "order_number"),
    )
    assert Order.objects.count() == 1


def test_a_taken_order_number_in_a_change(client: APIClient) -> None:
    taken, order = OrderFactory.create_batch(2)
    response = client.patch(f"/orders/{order.pk}/", {"order_number": taken.order_number, "customer_name": "x"})
    assert (response.status_code, response.json()) == (
        400,
        error("unique", "order with this order number already exists.", "order_number"),
    )
    assert not Order.objects.filter(customer_name="x").exists()


def test_an_order_may_keep_its_number(client: APIClient) -> None:
    order = OrderFactory.create()
    response = client.patch(f"/orders/{order.pk}/", {"order_number": order.order_number})
    assert response.status_code == 200


def test_of_two_equal_keys_the_last_counts(client: APIClient) -> None:
    body = '{"order_number": "a", "customer_name": "x", "customer_name": "y", "total_amount": 1}'
    assert send(client, "POST", "/orders/create", body).json()["customer_name"] == "y"


@pytest.mark.parametrize(
    ("content_type", "detail"),
    [
        ("text/plain", 'Unsupported media type "text/plain" in request.'),
        ("application/xml", 'Unsupported media type "application/xml" in request.'),
        (
            "application/x-www-form-urlencoded",
            'Unsupported media type "application/x-www-form-urlencoded" in request.',
        ),
        ("multipart/form-data; boundary=x", 'Unsupported media type "multipart/form-data; boundary=x" in request.'),
        ("", 'Unsupported media type "" in request.'),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/orders/create"), ("PATCH", "/orders/{}/")])
def test_other_media_types_are_a_415(client: Client, method: str, path: str, content_type: str, detail: str) -> None:
    order = OrderFactory.create()
    response = client.generic(method, path.format(order.pk), b"a=1", content_type=content_type)
    assert (response.status_code, response.json()) == (415, error("unsupported_media_type", detail))


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "bz2_codec", "idna", "nonsense"])
def test_json_is_utf_8_whatever_the_charset_says(client: Client, charset: str) -> None:
    body = json.dumps(GOOD | {"customer_name": "Zoë"}, ensure_ascii=False).encode()
    response = client.generic("POST", "/orders/create", body, content_type=f"application/json; charset={charset}")
    assert (response.status_code, response.json()["customer_name"]) == (201, "Zoë")


@pytest.mark.parametrize(("method", "path"), [("POST", "/orders/create"), ("PATCH", "/orders/{}/")])
def test_a_body_over_the_limit_is_a_413(client: APIClient, settings: Any, method: str, path: str) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    order = OrderFactory.create()
    body = json.dumps({"customer_name": "x"})
    fits = send(client, method, path.format(order.pk), body.ljust(100))
    over = send(client, method, path.format(order.pk), body.ljust(101))
    assert fits.status_code in (200, 400)
    assert (over.status_code, over.json()) == (413, error("body_too_large", "The body is over 100 bytes."))


def test_an_answer_that_is_no_json_is_not_to_be_had(client: APIClient) -> None:
    response = client.get("/orders/", HTTP_ACCEPT="text/html")
    assert (response.status_code, response.json()) == (
        406,
        error("not_acceptable", "Could not satisfy the request Accept header."),
    )
