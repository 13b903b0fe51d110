"""Bodies without a Content-Length."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest

from project.chunked import read_chunked_bodies


def read(environ: dict[str, Any]) -> tuple[bytes, str | None]:
    """Return the body that a wrapped application reads, and its CONTENT_LENGTH."""
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.update(environ)
        return [environ["wsgi.input"].read()]

    (body,) = read_chunked_bodies(application)(environ, None)
    return body, seen.get("CONTENT_LENGTH")


def test_a_chunked_body_is_read_whole() -> None:
    assert read({"wsgi.input": BytesIO(b"{}"), "wsgi.input_terminated": True}) == (b"{}", "2")


def test_of_a_body_over_the_limit_one_byte_more_is_read(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 5
    assert read({"wsgi.input": BytesIO(b"x" * 9), "wsgi.input_terminated": True}) == (b"x" * 6, "6")


@pytest.mark.parametrize("environ", [{"CONTENT_LENGTH": "2", "wsgi.input_terminated": True}, {}])
def test_other_bodies_are_left_alone(environ: dict[str, Any]) -> None:
    assert read({"wsgi.input": BytesIO(b"{}"), **environ}) == (b"{}", environ.get("CONTENT_LENGTH"))
