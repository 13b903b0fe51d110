"""Errors that arise outside the API's own views, in the one shape of all its errors. The admin keeps its pages."""

from dataclasses import asdict
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.urls import reverse
from django.views import defaults
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import CLIENT_ERROR, SERVER_ERROR, Error, ErrorResponse, ErrorType
from rest_framework import exceptions

from desk import views


class ErrorHandler(ExceptionHandler):
    """As the package's, but a client that goes away in mid-body is not the server's error."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, UnreadablePostError):
            return exceptions.ParseError("The request cannot be read.")
        return super().convert_known_exceptions(exc)


def answer(status: HTTPStatus, code: str, detail: str) -> JsonResponse:
    """One error as the API's views would answer it."""
    kind: ErrorType = SERVER_ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else CLIENT_ERROR
    return JsonResponse(asdict(ErrorResponse(kind, [Error(code, detail, None)])), status=status)


def is_admin(request: HttpRequest) -> bool:
    """Whether a person looks at the answer, in the admin."""
    return request.path.startswith(reverse("admin:index"))


def is_desk(request: HttpRequest) -> bool:
    """Whether a person looks at the answer, at the desk."""
    return request.path.startswith("/desk/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: what Django itself cannot read."""
    if is_admin(request):
        return defaults.bad_request(request, exception)
    if is_desk(request):
        return views.bad_request(request)
    return answer(HTTPStatus.BAD_REQUEST, "bad_request", "The request cannot be read.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    if is_admin(request):
        return defaults.permission_denied(request, exception)
    return answer(HTTPStatus.FORBIDDEN, "permission_denied", "You may not do this.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: an address that leads nowhere."""
    if is_admin(request) and exception:
        return defaults.page_not_found(request, exception)
    if is_desk(request):
        return views.not_found(request)
    return answer(HTTPStatus.NOT_FOUND, "not_found", "Not found.")


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    if is_admin(request):
        return defaults.server_error(request)
    if is_desk(request) or request.path == "/":
        return views.server_error(request)
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "error", "Server Error (500)")
