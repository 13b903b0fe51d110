"""Reading orders from CSV or lines of JSON: each as a record with its line, or with the reason why it is none."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from rest_framework.exceptions import ParseError

from orders.parsers import decoded, decoded_line

COLUMNS = ["order_number", "customer_name", "total_amount", "currency", "status", "note", "lines"]
NEEDED = ["order_number", "customer_name"]
BOM = b"\xef\xbb\xbf"
NOT_UTF_8 = "It is not UTF-8."


class UnreadableFile(Exception):
    """The file as a whole cannot be imported; nothing was."""


@dataclass(frozen=True)
class Record:
    """One order as the file has it."""

    line: int  # where it begins, from 1
    content: Any  # as it stands there
    fields: Any = None
    error: str = ""  # why it is no order

    @property
    def number(self) -> str:
        """The order's number, or nothing."""
        return str(self.fields.get("order_number", "")).strip() if isinstance(self.fields, dict) else ""


def ndjson(stream: IO[bytes]) -> Iterator[Record]:
    """A record a line; blank lines are passed over."""
    for at, line in enumerate(_lines(stream), start=1):
        if text := line.strip():
            yield _from_json(at, text)


def _from_json(at: int, text: bytes) -> Record:
    content = text.decode(errors="replace")
    try:
        return Record(at, content, decoded_line(at, text))
    except ParseError as error:
        return Record(at, content, error=str(error.detail).removeprefix(f"Line {at}: "))


def table(stream: IO[bytes]) -> Iterator[Record]:
    """A record a row of CSV. UnreadableFile when the columns' names in the first one are not as they must be."""
    # Bytes that are not UTF-8 come as surrogates, so that their row alone is refused.
    rows = csv.reader((line.decode(errors="surrogateescape") for line in _lines(stream)), strict=True)
    yield from _rows(rows, _header(rows))


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """The lines, without the mark that some programs begin a file with."""
    for at, line in enumerate(stream):
        yield line if at else line.removeprefix(BOM)


def _header(rows: Any) -> list[str]:
    try:
        names = [name.strip() for name in next(rows)]
    except StopIteration:
        raise UnreadableFile("The file is empty.") from None
    except csv.Error as error:
        raise UnreadableFile(f"Line 1 is no CSV: {error}.") from error
    if unknown := [name for name in names if name not in COLUMNS]:
        shown = ", ".join(ascii(name) for name in unknown)
        raise UnreadableFile(f"Unknown columns: {shown}. There are {', '.join(COLUMNS)}.")
    if missing := [name for name in NEEDED if name not in names]:
        raise UnreadableFile(f"Missing columns: {', '.join(missing)}.")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UnreadableFile(f"Columns that are there twice: {', '.join(twice)}.")
    return names


def _rows(rows: Any, names: list[str]) -> Iterator[Record]:
    while True:
        at = rows.line_num + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(at, None, error=f"It is no CSV: {error}.")
            continue
        if any(cells):
            yield _from_row(at, names, cells)


def _from_row(at: int, names: list[str], cells: list[str]) -> Record:
    if not all(is_text(cell) for cell in cells):
        return Record(
            at, [cell.encode(errors="surrogateescape").decode(errors="replace") for cell in cells], None, NOT_UTF_8
        )
    if len(cells) != len(names):
        return Record(at, cells, error=f"It has {len(cells)} columns; there are {len(names)}.")
    # An empty cell says nothing, so that the default holds; but these must say something.
    fields: dict[str, Any] = {name: cell for name, cell in zip(names, cells, strict=True) if cell or name in NEEDED}
    try:
        if "lines" in fields:
            fields["lines"] = decoded(fields["lines"].encode())
    except ParseError as error:
        return Record(at, cells, error=f"lines: {error.detail}")
    return Record(at, cells, fields)


def is_text(cell: str) -> bool:
    """Whether it can be written in UTF-8."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True
