"""Translation of the Elasticsearch client's errors into this package's."""

from collections.abc import Iterator
from contextlib import contextmanager

from elasticsearch import ApiError, NotFoundError, TransportError

from ..exceptions import EngineRefused, EngineUnavailable, NoIndex

UNAVAILABLE_STATUS = {429, 502, 503, 504}  # Elasticsearch, or a proxy, responds but cannot serve the request now


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise EngineUnavailable, NoIndex or EngineRefused, with Elasticsearch's reason, for the client's errors."""
    try:
        yield
    except ApiError as error:
        raise translated(error) from error
    except TransportError as error:
        raise EngineUnavailable(error.message) from error


def translated(error: ApiError) -> EngineUnavailable | EngineRefused | NoIndex:
    if error.status_code in UNAVAILABLE_STATUS:
        return EngineUnavailable(f"{error.status_code} {reason(error)}")
    if isinstance(error, NotFoundError) and error.error == "index_not_found_exception":
        return NoIndex(reason(error))
    return EngineRefused(f"{error.status_code} {reason(error)}")


def reason(error: ApiError) -> str:
    """Return the error's type and reason with the reasons of all its causes, in one line."""
    body = error.body if isinstance(error.body, dict) else {}
    cause = body.get("error", error.message)
    if not isinstance(cause, dict):
        return str(cause)
    text = f"{cause.get('type')}: {cause.get('reason')}"
    while isinstance(cause.get("caused_by"), dict):
        cause = cause["caused_by"]
        text += f"; {cause.get('reason')}"
    return " ".join(text.split())
