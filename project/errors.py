"""Error responses outside the API's views, as JSON like all API errors; the admin and the desk have pages."""

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
    """The exception handler of the API. A client that disconnects while sending its body is a client error."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, UnreadablePostError):
            return exceptions.ParseError("The request could not be read.")
        return super().convert_known_exceptions(exc)


def error_response(status: HTTPStatus, code: str, detail: str) -> JsonResponse:
    error_type: ErrorType = SERVER_ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else CLIENT_ERROR
    return JsonResponse(asdict(ErrorResponse(error_type, [Error(code, detail, None)])), status=status)


def is_admin(request: HttpRequest) -> bool:
    return request.path.startswith(reverse("admin:index"))


def is_desk(request: HttpRequest) -> bool:
    return request.path.startswith("/desk/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_admin(request):
        return defaults.bad_request(request, exception)
    if is_desk(request):
        return views.bad_request(request)
    return error_response(HTTPStatus.BAD_REQUEST, "bad_request", "The request could not be read.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_admin(request):
        return defaults.permission_denied(request, exception)
    return error_response(HTTPStatus.FORBIDDEN, "permission_denied", "You do not have permission to do this.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_admin(request) and exception:
        return defaults.page_not_found(request, exception)
    if is_desk(request):
        return views.not_found(request)
    return error_response(HTTPStatus.NOT_FOUND, "not_found", "Not found.")


def server_error(request: HttpRequest) -> HttpResponse:
    if is_admin(request):
        return defaults.server_error(request)
    if is_desk(request) or request.path == "/":
        return views.server_error(request)
    return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, "error", "Server Error (500)")
