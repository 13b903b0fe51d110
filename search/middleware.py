"""Middleware that adds to each response to a write whether the search index has the change."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from .push import freshness, request_status

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
REFRESH_VALUES = frozenset({"", "false", "true", "wait_for"})


class SearchStatusMiddleware:
    """Sets `X-Search-Status: indexed | pending`. With `?refresh=wait_for` a write responds once searches find it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in SAFE_METHODS:
            return self.get_response(request)
        refresh = request.GET.get("refresh", "")
        if refresh not in REFRESH_VALUES:
            return _invalid_refresh()
        status = request_status.RequestStatus()
        token = request_status.current.set(status)
        try:
            response = self.get_response(request)
        finally:
            request_status.current.reset(token)
        if response.status_code < 400:
            if refresh in {"true", "wait_for"} and status.pushed and status.confirmed:
                status.confirmed = freshness.refresh()
            response["X-Search-Status"] = str(status)
        return response


def _invalid_refresh() -> JsonResponse:
    error = {"code": "invalid", "detail": "Give refresh=wait_for, true or false.", "attr": "refresh"}
    return JsonResponse({"type": "validation_error", "errors": [error]}, status=400)
