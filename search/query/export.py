"""A whole result as CSV or NDJSON, part by part: never more in memory than one part."""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson

from order_search.serializers import FoundOrder

from ..exceptions import SearchError
from . import cursor
from .client import Asking
from .request import Wanted
from .search import find

PART = 500  # orders
TIMEOUT = 10.0  # seconds for one part
# A spreadsheet takes a cell that begins so for a formula, which may do anything; after an apostrophe it is text.
FORMULA = tuple("=+-@\t\r\n")
Orders = list[dict[str, Any]]


class Export:
    """The parts of a result, each as text. The first is fetched at once, so that what is wrong is known in time.

    Iterating raises SearchError when the engine fails on the way: the answer breaks off and cannot pass for whole.
    """

    def __init__(self, wanted: Wanted, name: str, asking: Asking | None = None) -> None:
        self.wanted = replace(wanted, page=None, page_size=PART, facets=(), highlight=False)
        self.order = FoundOrder(only=wanted.fields)  # one for all: each is garbage in a circle, which stays for a while
        self.format = FORMATS[name]([*self.order.fields.keys()])
        self.found = find(self.wanted, asking, correct=False)
        self.first = self.found.cursor

    def __iter__(self) -> Iterator[str]:
        yield self.format.head()
        yield self._part()
        while self.found.cursor:
            self.found = find(replace(self.wanted, cursor=self.found.cursor), Asking(seconds=TIMEOUT), correct=False)
            yield self._part()

    def _part(self) -> str:
        return self.format.rows([self.order.to_representation(order) for order in self.found.results])

    def close(self) -> None:
        """Let the point in time go, also when the client has gone away in the midst."""
        first, self.first = self.first, None
        if first:
            with suppress(SearchError):
                Asking().close(cursor.read(replace(self.wanted, cursor=first)).point)


class Csv:
    """A row an order, below a row with the names of the columns; the lines are JSON in one cell."""

    content_type = "text/csv; charset=utf-8"

    def __init__(self, columns: list[str]) -> None:
        self.columns = columns

    def head(self) -> str:
        return _written([self.columns])

    def rows(self, orders: Orders) -> str:
        return _written([[cell(order[name]) for name in self.columns] for order in orders])


class Ndjson:
    """A line of JSON an order."""

    content_type = "application/x-ndjson"

    def __init__(self, columns: list[str]) -> None:
        pass  # each line names its own

    def head(self) -> str:
        return ""

    def rows(self, orders: Orders) -> str:
        return "".join(f"{orjson.dumps(order).decode()}\n" for order in orders)


FORMATS: dict[str, Callable[[list[str]], Csv | Ndjson]] = {"csv": Csv, "ndjson": Ndjson}


def cell(value: Any) -> Any:
    """A value as a cell that no spreadsheet executes."""
    text = orjson.dumps(value).decode() if isinstance(value, list) else value
    # Wide forms of these letters are taken for them.
    is_formula = isinstance(text, str) and unicodedata.normalize("NFKC", text[:1]).startswith(FORMULA)
    return f"'{text}" if is_formula else text


def _written(rows: list[list[Any]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()
