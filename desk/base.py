"""Base of the desk's views: who may see the pages, and the security headers of every response."""

from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views import View

from desk.badge import badge

ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)
# Nothing inline and nothing from other origins, so that no text in an order can run as a script.
CONTENT_SECURITY_POLICY = "; ".join(
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


class SecureView(View):
    """A view whose responses have a content security policy and are not stored by shared caches."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return add_security_headers(super().dispatch(request, *args, **kwargs))


class DeskView(SecureView):
    """A page of the desk: open with DEBUG, like the API; otherwise only for users who have logged in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.DESK_IS_OPEN or request.user.is_authenticated:
            return super().dispatch(request, *args, **kwargs)
        return add_security_headers(self.login_required(request))

    def login_required(self, request: HttpRequest) -> HttpResponseBase:
        """Redirect to the login page and back; htmx must redirect the page, not load it into a part."""
        response = redirect_to_login(request.get_full_path())
        return HttpResponse(headers={"HX-Redirect": response.url}) if is_htmx(request) else response

    def page(self, name: str, status: int = 200, **context: Any) -> HttpResponse:
        return render(self.request, f"desk/{name}.html", {"badge": badge(), **context}, status=status)


def add_security_headers(response: ResponseT) -> ResponseT:
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["HX-Request"])
    return response


def is_htmx(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers
