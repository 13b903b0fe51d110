"""Parsers of request bodies: JSON in UTF-8, with limits on size and depth, and with numbers as text."""

import json
from typing import IO, Any

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MAX_DEPTH = 20  # of nested lists and objects


class BodyTooLarge(APIException):
    """The body is larger than DATA_UPLOAD_MAX_MEMORY_SIZE."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"

    def __init__(self) -> None:
        super().__init__(f"The body is over {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")


class NotANumber:
    """NaN or Infinity, which are not JSON. No field accepts it, so the error names the field."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class StrictParser(BaseParser):
    """Base of the parsers: read a body within the size limit, and let `loads` decode it."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge
        return self.loads(body)

    def loads(self, body: bytes) -> Any:
        """Decode the body. Raise ParseError if it is invalid."""
        raise NotImplementedError


class StrictJSONParser(StrictParser):
    """A parser of a JSON object.

    Numbers stay text: none is rounded to a double before a decimal field has checked its digits, and a number of
    thousands of digits costs nothing. A `charset` is ignored, since JSON is UTF-8 (RFC 8259, 8.1). Of two equal keys
    the last wins. Raise BodyTooLarge or ParseError.
    """

    media_type = "application/json"

    def loads(self, body: bytes) -> dict[str, Any]:
        data = decode_json(body)
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        return data


class StrictArrayParser(StrictParser):
    """A parser of a JSON array, with the same rules."""

    media_type = "application/json"

    def loads(self, body: bytes) -> list[Any]:
        data = decode_json(body)
        if not isinstance(data, list):
            raise ParseError("The body must be a JSON array.")
        return data


class StrictNDJSONParser(StrictParser):
    """A parser of JSON lines, with the same rules. Blank lines are skipped; a ParseError names the line, from 1."""

    media_type = "application/x-ndjson"

    def loads(self, body: bytes) -> list[Any]:
        lines = enumerate(body.split(b"\n"), start=1)
        return [decode_json_line(number, line) for number, line in lines if line.strip()]


def decode_json_line(number: int, line: bytes) -> Any:
    """Decode one of several lines of JSON. Raise ParseError, which names the line."""
    try:
        return decode_json(line)
    except ParseError as error:
        raise ParseError(f"Line {number}: {error.detail}".replace(": line 1 column", ": column")) from error


def decode_json(body: bytes) -> Any:
    """Decode JSON, with numbers as text. Raise ParseError."""
    try:
        data = json.loads(body.decode(), parse_int=str, parse_float=str, parse_constant=NotANumber)
    except RecursionError as error:
        raise ParseError(f"JSON parse error - more than {MAX_DEPTH} levels deep") from error
    except ValueError as error:  # of which UnicodeDecodeError and JSONDecodeError are subclasses
        raise ParseError(f"JSON parse error - {error}") from error
    if nesting_depth(data) > MAX_DEPTH:
        raise ParseError(f"JSON parse error - more than {MAX_DEPTH} levels deep")
    return data


def nesting_depth(data: object) -> int:
    """Return how deep lists and objects are nested, without recursion."""
    levels, layer = 0, [data]
    while layer := [item for item in layer if isinstance(item, dict | list)]:
        levels += 1
        layer = [child for item in layer for child in (item.values() if isinstance(item, dict) else item)]
    return levels
