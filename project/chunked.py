"""Chunked request bodies. Django treats a body without Content-Length as empty, which would silently lose an order."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.conf import settings

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


def read_chunked_bodies(application: Application) -> Application:
    """Wrap a WSGI application to get each chunked body in full, or one byte more than it accepts."""

    def serve(environ: Environ, start_response: Any) -> Iterable[bytes]:
        # wsgi.input_terminated: the server ends the stream with the body. Reading any other stream could block.
        if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
            environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return application(environ, start_response)

    return serve
