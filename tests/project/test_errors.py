"""Every error has the same JSON structure, also outside the API's views."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import UnreadablePostError
from django.test import Client
from rest_framework.authtoken.models import Token
from rest_framework.permissions import IsAuthenticated
from rest_framework.test import APIClient

from orders.models import Order
from orders.views import OrderView
from tests.errors import error

GOOD = {"order_number": "a1", "customer_name": "Ann", "total_amount": 1}
NOT_FOUND = error("not_found", "Not found.")


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize("path", ["/nothing", "/nothing/", "/orders/x/", "/orders/create/more", "/orders/1/2"])
def test_an_unknown_path(client: Client, settings: Any, debug: bool, method: str, path: str) -> None:
    settings.DEBUG = debug
    response = getattr(client, method)(path)
    assert (response.status_code, response.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_an_unknown_path_needs_no_csrf_token(method: str) -> None:
    response = getattr(Client(enforce_csrf_checks=True), method)("/orders/x/")
    assert (response.status_code, response.json()) == (404, NOT_FOUND)


def test_the_admin_keeps_its_pages(client: Client, db: None) -> None:
    assert client.get("/admin")["Location"] == "/admin/"
    client.force_login(User.objects.create_superuser("staff"))
    response = client.get("/admin/nothing/")
    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("where", ["get_queryset", "initial"])
def test_an_exception_in_a_view(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, debug: bool, where: str
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("a secret")

    settings.DEBUG = debug
    monkeypatch.setattr(OrderView, where, fail)
    response = client.get("/orders/")
    assert (response.status_code, response.json()) == (
        500,
        error("error", "Server Error (500)", kind="server_error"),
    )


def test_an_exception_outside_a_view(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("django.middleware.common.CommonMiddleware.process_request", fail)
    response = client.get("/orders/")
    assert (response.status_code, response.json()) == (
        500,
        error("error", "Server Error (500)", kind="server_error"),
    )


def test_a_foreign_host(client: Client) -> None:
    response = client.get("/orders/", headers={"host": "evil.example"})
    assert (response.status_code, response.json()) == (400, error("bad_request", "The request could not be read."))


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch, db: None) -> User:
    """Require a login, as without DEBUG; return a user."""
    monkeypatch.setattr(OrderView, "permission_classes", [IsAuthenticated])
    return User.objects.create_user("ann")


def test_without_a_token_or_a_session(closed: User) -> None:
    response = APIClient().post("/orders/create", GOOD)
    assert (response.status_code, response.json()) == (
        401,
        error("not_authenticated", "Authentication credentials were not provided."),
    )
    assert response["WWW-Authenticate"] == "Token"
    assert not Order.objects.exists()


@pytest.mark.parametrize("token", ["wrong", "", "a b", "\xe9"])
def test_a_wrong_token(closed: User, token: str) -> None:
    response = APIClient().get("/orders/", HTTP_AUTHORIZATION=f"Token {token}")
    assert (response.status_code, response.json()["type"]) == (401, "client_error")


def test_a_token(closed: User) -> None:
    response = APIClient().post("/orders/create", GOOD, HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=closed)}")
    assert response.status_code == 201


def test_a_session_needs_the_csrf_token(closed: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(closed)
    assert client.get("/orders/").status_code == 200
    refused = client.post("/orders/create", GOOD)
    assert (refused.status_code, refused.json()) == (
        403,
        error("permission_denied", "CSRF Failed: CSRF cookie not set."),
    )
    client.cookies["csrftoken"] = "x" * 32
    assert client.post("/orders/create", GOOD, headers={"X-CSRFToken": "x" * 32}).status_code == 201


def test_a_form_while_the_csrf_token_is_looked_for(closed: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(closed)
    client.cookies["csrftoken"] = "x" * 32
    form = "application/x-www-form-urlencoded"
    response = client.post("/orders/create", "a=b", content_type=form)
    assert (response.status_code, response.json()) == (
        415,
        error("unsupported_media_type", f'Unsupported media type "{form}" in request.'),
    )


def test_a_client_that_disconnects_while_sending_its_body(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise UnreadablePostError("gone")

    monkeypatch.setattr("django.http.request.HttpRequest.read", fail)
    response = client.post("/orders/create", b"{}", content_type="application/json")
    assert (response.status_code, response.json()) == (400, error("parse_error", "The request could not be read."))
