"""A whole result as CSV or NDJSON, page by page, with never more than one page in memory."""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

import orjson

from ..exceptions import SearchError
from .client import DeadlineClient
from .cursor import decode_cursor
from .request import SearchRequest
from .search import search

PAGE_SIZE = 500  # results
TIMEOUT = 10.0  # seconds for one page
# A spreadsheet takes a cell that begins with one of these for a formula; after an apostrophe it is text.
FORMULA = tuple("=+-@\t\r\n")
Rows = list[dict[str, Any]]


class RowSerializer(Protocol):
    """What turns a document's source into a row; a serializer of results does."""

    @property
    def fields(self) -> Any: ...

    def to_representation(self, instance: Any) -> Any: ...


class Export:
    """The pages of a result as text. The first is fetched at once, so that errors are known before the answer begins.

    Iterating raises SearchError when the engine fails later: the answer breaks off and cannot be taken for complete.
    """

    def __init__(
        self, request: SearchRequest, format: str, serializer: RowSerializer, client: DeadlineClient | None = None
    ) -> None:
        """Pass one serializer for all rows: it is a reference cycle, which costs memory until it is collected."""
        self.request = replace(request, page=None, page_size=PAGE_SIZE, facets=(), highlight=False)
        self.serializer = serializer
        self.format = FORMATS[format]([name for name in serializer.fields if name != "highlight"])
        self.result = search(self.request, client, correct=False)
        self.first_cursor = self.result.cursor

    def __iter__(self) -> Iterator[str]:
        yield self.format.head()
        yield self._page()
        while self.result.cursor:
            client = DeadlineClient(self.request.schema.alias, seconds=TIMEOUT)
            self.result = search(replace(self.request, cursor=self.result.cursor), client, correct=False)
            yield self._page()

    def _page(self) -> str:
        return self.format.rows([self.serializer.to_representation(source) for source in self.result.results])

    def close(self) -> None:
        """Close the point in time, also when the client has disconnected before the end."""
        cursor, self.first_cursor = self.first_cursor, None
        if cursor:
            with suppress(SearchError):
                position = decode_cursor(cursor, self.request.key)
                DeadlineClient(self.request.schema.alias).close_point_in_time(position.pit)


class Csv:
    """One row for each result below a row of column names. A nested field is JSON in one cell."""

    content_type = "text/csv; charset=utf-8"

    def __init__(self, columns: list[str]) -> None:
        self.columns = columns

    def head(self) -> str:
        return _csv([self.columns])

    def rows(self, rows: Rows) -> str:
        return _csv([[cell(row.get(name)) for name in self.columns] for row in rows])


class Ndjson:
    """One line of JSON for each result."""

    content_type = "application/x-ndjson"

    def __init__(self, columns: list[str]) -> None:
        """Ignore the columns: each line names its own."""

    def head(self) -> str:
        return ""

    def rows(self, rows: Rows) -> str:
        return "".join(f"{orjson.dumps(row).decode()}\n" for row in rows)


FORMATS: dict[str, Callable[[list[str]], Csv | Ndjson]] = {"csv": Csv, "ndjson": Ndjson}


def cell(value: Any) -> Any:
    """Return a value as a cell that no spreadsheet executes."""
    text = orjson.dumps(value).decode() if isinstance(value, list) else value
    # Spreadsheets accept the wide forms of these characters too.
    is_formula = isinstance(text, str) and unicodedata.normalize("NFKC", text[:1]).startswith(FORMULA)
    return f"'{text}" if is_formula else text


def _csv(rows: list[list[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
