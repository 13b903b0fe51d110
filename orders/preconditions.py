"""If-Match and If-None-Match (RFC 9110, 13.1): a client's word about the version it knows."""

from django.utils.http import parse_etags
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request


class PreconditionFailed(APIException):
    """The order has another version than the one you name. Read it again."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = __doc__


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def check_match(request: Request, version: int) -> None:
    """Raises PreconditionFailed unless If-Match is absent or names `version`. A malformed one names nothing."""
    wanted = request.headers.get("If-Match")
    if wanted is not None and not {"*", etag(version)} & set(parse_etags(wanted)):
        raise PreconditionFailed


def is_known(request: Request, version: int) -> bool:
    """Whether If-None-Match names `version`, be it weakly."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag(version) in {tag.removeprefix("W/") for tag in known}


def check_change(request: Request, version: int) -> None:
    """Raises PreconditionFailed when either header forbids to change what has `version`."""
    check_match(request, version)
    if is_known(request, version):
        raise PreconditionFailed
