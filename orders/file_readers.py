"""Readers of orders in CSV or JSON lines. A record that cannot be parsed is yielded with its error."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from rest_framework.exceptions import ParseError

from orders.parsers import decode_json, decode_json_line

COLUMNS = ["order_number", "customer_name", "total_amount", "currency", "status", "note", "lines"]
REQUIRED_COLUMNS = ["order_number", "customer_name"]
BOM = b"\xef\xbb\xbf"  # the byte order mark that some programs write first
NOT_UTF_8 = "The line is not valid UTF-8."


class UnreadableFile(Exception):
    """The file as a whole cannot be imported."""


@dataclass(frozen=True)
class Record:
    """One record of a file: a CSV row, or a line of JSON."""

    line: int  # its first line in the file, from 1
    content: Any  # as it is in the file: a list of cells, or text
    data: Any = None  # as OrderSerializer takes it
    error: str = ""  # why it could not be parsed

    @property
    def order_number(self) -> str:
        return str(self.data.get("order_number", "")).strip() if isinstance(self.data, dict) else ""


def read_ndjson(stream: IO[bytes]) -> Iterator[Record]:
    for number, line in enumerate(_lines(stream), start=1):
        if text := line.strip():
            yield _parse_json(number, text)


def _parse_json(number: int, text: bytes) -> Record:
    content = text.decode(errors="replace")
    try:
        return Record(number, content, decode_json_line(number, text))
    except ParseError as error:
        return Record(number, content, error=str(error.detail).removeprefix(f"Line {number}: "))


def read_csv(stream: IO[bytes]) -> Iterator[Record]:
    """Yield a record for each row that is not empty; raise UnreadableFile if the header row is invalid."""
    # surrogateescape: a byte that is not UTF-8 refuses its own row, not the file.
    rows = csv.reader((line.decode(errors="surrogateescape") for line in _lines(stream)), strict=True)
    yield from _rows(rows, _header(rows))


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    for index, line in enumerate(stream):
        yield line if index else line.removeprefix(BOM)


def _header(rows: Any) -> list[str]:
    try:
        names = [name.strip() for name in next(rows)]
    except StopIteration:
        raise UnreadableFile("The file is empty.") from None
    except csv.Error as error:
        raise UnreadableFile(f"Line 1 is not valid CSV: {error}.") from error
    if unknown := [name for name in names if name not in COLUMNS]:
        listed = ", ".join(ascii(name) for name in unknown)
        raise UnreadableFile(f"Unknown columns: {listed}. The columns are {', '.join(COLUMNS)}.")
    if missing := [name for name in REQUIRED_COLUMNS if name not in names]:
        raise UnreadableFile(f"Missing columns: {', '.join(missing)}.")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise UnreadableFile(f"Repeated columns: {', '.join(repeated)}.")
    return names


def _rows(rows: Any, names: list[str]) -> Iterator[Record]:
    while True:
        first_line = rows.line_num + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(first_line, None, error=f"The line is not valid CSV: {error}.")
            continue
        if any(cells):
            yield _parse_row(first_line, names, cells)


def _parse_row(line: int, names: list[str], cells: list[str]) -> Record:
    if not all(is_encodable(cell) for cell in cells):
        readable = [cell.encode(errors="surrogateescape").decode(errors="replace") for cell in cells]
        return Record(line, readable, error=NOT_UTF_8)
    if len(cells) != len(names):
        return Record(line, cells, error=f"The line has {len(cells)} columns, the header has {len(names)}.")
    # An empty optional cell is left out, so that the field's default applies.
    data: dict[str, Any] = {
        name: cell for name, cell in zip(names, cells, strict=True) if cell or name in REQUIRED_COLUMNS
    }
    try:
        if "lines" in data:
            data["lines"] = decode_json(data["lines"].encode())
    except ParseError as error:
        return Record(line, cells, error=f"lines: {error.detail}")
    return Record(line, cells, data)


def is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
