"""A middleware for the fault tests that reports how long each request waited for its push."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from time import monotonic
from typing import Any

from django.http import HttpRequest, HttpResponse

from search import signals

HEADER = "X-Held"  # seconds
_held: ContextVar[float] = ContextVar("held", default=0.0)


def _timed(push_after_commit: Callable[..., None]) -> Callable[..., None]:
    """Wrap the push after a commit, and add up its seconds."""

    @wraps(push_after_commit)
    def timed(*args: Any, **kwargs: Any) -> None:
        started = monotonic()
        try:
            push_after_commit(*args, **kwargs)
        finally:
            _held.set(_held.get() + monotonic() - started)

    return timed


class HeldMiddleware:
    """Set the header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        signals.push_after_commit = _timed(signals.push_after_commit)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _held.set(0.0)
        response = self.get_response(request)
        response[HEADER] = f"{_held.get():.3f}"
        return response
