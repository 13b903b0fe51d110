"""Who may see the desk, and what a browser may do with its pages."""

from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views import View

from desk.badge import badge

Answer = TypeVar("Answer", bound=HttpResponseBase)
# Nothing from elsewhere, nothing inline: what is in an order can never run.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


class Guarded(View):
    """A view whose answers say what a browser may load for them, and are kept by nobody else."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return guarded(super().dispatch(request, *args, **kwargs))


class DeskView(Guarded):
    """A page of the desk: open while debugging, else for those who have logged in, as the API is."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.DESK_IS_OPEN or request.user.is_authenticated:
            return super().dispatch(request, *args, **kwargs)
        return guarded(self.to_login(request))

    def to_login(self, request: HttpRequest) -> HttpResponseBase:
        """To the log-in and back; a part of a page takes the whole page there."""
        response = redirect_to_login(request.get_full_path())
        return HttpResponse(headers={"HX-Redirect": response.url}) if is_part(request) else response

    def page(self, name: str, status: int = 200, **context: Any) -> HttpResponse:
        """A page."""
        return page(self.request, name, status, **context)


def page(request: HttpRequest, name: str, status: int = 200, **context: Any) -> HttpResponse:
    """A page of the desk, with the badge that all of them have."""
    return render(request, f"desk/{name}.html", {"badge": badge(), **context}, status=status)


def guarded(response: Answer) -> Answer:
    """The answer with its headers."""
    response.headers["Content-Security-Policy"] = POLICY
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["HX-Request"])
    return response


def is_part(request: HttpRequest) -> bool:
    """Whether htmx asks, which takes a part of the page."""
    return "HX-Request" in request.headers
