"""Tells on every answer to a write whether the search index has it, and waits for it to be searchable when asked."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from .push import refresh, request_status

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
REFRESH = frozenset({"", "false", "true", "wait_for"})


class SearchStatusMiddleware:
    """Sets `X-Search-Status: indexed | pending`; `?refresh=wait_for` on a write answers when searches find it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in SAFE:
            return self.get_response(request)
        wanted = request.GET.get("refresh", "")
        if wanted not in REFRESH:
            return _bad_refresh()
        found = request_status.RequestStatus()
        token = request_status.current.set(found)
        try:
            response = self.get_response(request)
        finally:
            request_status.current.reset(token)
        if response.status_code < 400:
            if wanted in {"true", "wait_for"} and found.pushed and found.confirmed:
                found.confirmed = refresh.refresh()
            response["X-Search-Status"] = str(found)
        return response


def _bad_refresh() -> JsonResponse:
    error = {"code": "invalid", "detail": "Give refresh=wait_for, true or false.", "attr": "refresh"}
    return JsonResponse({"type": "validation_error", "errors": [error]}, status=400)
