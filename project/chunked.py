"""Bodies that come without a Content-Length. Django takes them for empty, so an order would be lost without a word."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.conf import settings

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


def with_chunked_bodies(application: Application) -> Application:
    """The WSGI application, given each chunked body whole, or one byte more than it takes."""

    def serve(environ: Environ, start_response: Any) -> Iterable[bytes]:
        # Set by servers that end the stream where the body ends; reading another one might wait for ever.
        if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
            environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return application(environ, start_response)

    return serve
