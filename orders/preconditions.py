"""If-Match and If-None-Match (RFC 9110, 13.1), which compare the client's version of an order with the current one."""

from django.utils.http import parse_etags
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request


class PreconditionFailed(APIException):
    """The order has another version than the one in the request. Read it again."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = __doc__


def etag(version: int) -> str:
    return f'"{version}"'


def check_if_match(request: Request, version: int) -> None:
    """Raise PreconditionFailed unless If-Match is absent or names `version`. A malformed one names no version."""
    header = request.headers.get("If-Match")
    if header is not None and not {"*", etag(version)} & set(parse_etags(header)):
        raise PreconditionFailed


def matches_if_none_match(request: Request, version: int) -> bool:
    """Return whether If-None-Match names `version`, by weak comparison."""
    tags = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in tags or etag(version) in {tag.removeprefix("W/") for tag in tags}


def check_change(request: Request, version: int) -> None:
    """Raise PreconditionFailed if either header forbids a change of `version`."""
    check_if_match(request, version)
    if matches_if_none_match(request, version):
        raise PreconditionFailed
