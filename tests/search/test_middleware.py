"""The header of an answer to a write."""

from types import SimpleNamespace

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from search import middleware
from search.push import request_status

factory = RequestFactory()


def answer(request, *, confirmed=(), code=200):
    """Return the middleware's response for a view that pushed with these results and responds with `code`."""

    def view(request):
        for result in confirmed:
            request_status.note(result)
        return HttpResponse(status=code)

    return middleware.SearchStatusMiddleware(view)(request)


@pytest.mark.parametrize(
    ("confirmed", "expected"),
    [([True], "indexed"), ([True, True], "indexed"), ([True, False], "pending"), ([], "pending")],
)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_every_write_says_where_the_index_stands(method, confirmed, expected):
    assert answer(getattr(factory, method)("/"), confirmed=confirmed)["X-Search-Status"] == expected


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_a_read_says_nothing(method):
    assert "X-Search-Status" not in answer(getattr(factory, method)("/"))


@pytest.mark.parametrize("code", [400, 404, 500])
def test_a_write_that_failed_says_nothing(code):
    assert "X-Search-Status" not in answer(factory.post("/"), code=code)


def test_wait_for_refreshes_once_what_was_confirmed(monkeypatch):
    calls = []
    monkeypatch.setattr(middleware, "freshness", SimpleNamespace(refresh=lambda: calls.append(1) or True))
    assert answer(factory.post("/?refresh=wait_for"), confirmed=[True])["X-Search-Status"] == "indexed"
    assert answer(factory.post("/?refresh=wait_for"), confirmed=[False])["X-Search-Status"] == "pending"
    assert answer(factory.post("/"), confirmed=[True])["X-Search-Status"] == "indexed"
    assert calls == [1]


def test_wait_for_that_is_not_searchable_in_time_is_pending(monkeypatch):
    monkeypatch.setattr(middleware, "freshness", SimpleNamespace(refresh=lambda: False))
    assert answer(factory.post("/?refresh=wait_for"), confirmed=[True])["X-Search-Status"] == "pending"


def test_an_unknown_refresh_is_a_400_that_names_it_and_writes_nothing():
    response = middleware.SearchStatusMiddleware(lambda request: pytest.fail("the view ran"))(
        factory.post("/?refresh=x")
    )
    assert response.status_code == 400
    assert response.content == (
        b'{"type": "validation_error", "errors": [{"code": "invalid", '
        b'"detail": "Give refresh=wait_for, true or false.", "attr": "refresh"}]}'
    )
