"""How a request's body becomes data: JSON in UTF-8, with limits, and with every number as it was written."""

import json
from typing import IO, Any

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MAX_DEPTH = 20  # lists and objects inside one another


class BodyTooLarge(APIException):
    """The body is over DATA_UPLOAD_MAX_MEMORY_SIZE."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"

    def __init__(self) -> None:
        super().__init__(f"The body is over {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")


class NotANumber:
    """NaN or Infinity, which JSON does not have. No field accepts one, so the error names the field."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class StrictParser(BaseParser):
    """Reads a body that is within the limit, and leaves to `loads` what it means."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge
        return self.loads(body)

    def loads(self, body: bytes) -> Any:
        """What the body says. Raises ParseError."""
        raise NotImplementedError


class StrictJSONParser(StrictParser):
    """Parses a JSON object.

    A number arrives as its text: nothing is rounded to a double before a decimal field has counted its places, and
    thousands of digits cost nothing. A `charset` is ignored, for JSON is UTF-8 (RFC 8259, 8.1). Of two equal keys
    the last counts. Raises BodyTooLarge, or ParseError which says what is wrong.
    """

    media_type = "application/json"

    def loads(self, body: bytes) -> dict[str, Any]:
        data = decoded(body)
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        return data


class StrictArrayParser(StrictParser):
    """Parses a JSON array, as strictly."""

    media_type = "application/json"

    def loads(self, body: bytes) -> list[Any]:
        data = decoded(body)
        if not isinstance(data, list):
            raise ParseError("The body must be a JSON array.")
        return data


class StrictNDJSONParser(StrictParser):
    """Parses lines of JSON, as strictly. Blank ones are passed over; a ParseError names the line, from 1."""

    media_type = "application/x-ndjson"

    def loads(self, body: bytes) -> list[Any]:
        lines = enumerate(body.split(b"\n"), start=1)
        return [decoded_line(number, line) for number, line in lines if line.strip()]


def decoded_line(number: int, line: bytes) -> Any:
    """The JSON in one line of several. Raises ParseError, which names the line."""
    try:
        return decoded(line)
    except ParseError as error:
        raise ParseError(f"Line {number}: {error.detail}".replace(": line 1 column", ": column")) from error


def decoded(body: bytes) -> Any:
    """The JSON in `body`, with numbers as text. Raises ParseError."""
    try:
        data = json.loads(body.decode(), parse_int=str, parse_float=str, parse_constant=NotANumber)
    except RecursionError as error:
        raise ParseError(f"JSON parse error - more than {MAX_DEPTH} levels deep") from error
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are
        raise ParseError(f"JSON parse error - {error}") from error
    if depth(data) > MAX_DEPTH:
        raise ParseError(f"JSON parse error - more than {MAX_DEPTH} levels deep")
    return data


def depth(data: object) -> int:
    """How deep lists and objects lie in `data`, counted without recursion."""
    levels, layer = 0, [data]
    while layer := [item for item in layer if isinstance(item, dict | list)]:
        levels += 1
        layer = [child for item in layer for child in (item.values() if isinstance(item, dict) else item)]
    return levels
