"""A document's rows as drift numbers them: each row's key as a number and as text, its version and its checksum.

Python (search/mapping/checksum.py) is the reference; the SQL here computes the same on PostgreSQL and SQLite. Rows that
only Python can choose (`should_index_object`), and keys of a type that this SQL does not know, are streamed through
Python instead: slower, and right.
"""

# only names and numbers of our own are put into SQL

from collections.abc import Iterator
from typing import Any

from django.db import connections, models
from django.db.models import F, QuerySet
from django_elasticsearch_dsl import Document

from ..mapping.base import VersionedDocument
from ..mapping.checksum import PRIME, checksum, key_number

HASHES = 1 << 28  # the numbers that a key which is no integer can have
STREAM = 2000  # rows in memory at once
HEX = "0123456789abcdef"


class Rows:
    """The rows of one document, in one database; `since` leaves out those whose version is lower."""

    def __init__(self, document: type[VersionedDocument], using: str, since: int = 0) -> None:
        self.document = document()
        self.using = using
        queryset: QuerySet[Any] = self.document.get_queryset().using(using).order_by()
        self.queryset = queryset.filter(version__gte=since) if since else queryset
        pk = key_field(document)
        self.hashed = not isinstance(pk, models.IntegerField)
        text = key_text(pk, connections[using].vendor)
        chooses = type(self.document).should_index_object is not Document.should_index_object
        self.sql, self.parameters = ("", ()) if text is None or chooses else self._compile(text)

    @property
    def streamed(self) -> bool:
        """Whether these rows go through Python."""
        return not self.sql

    def _compile(self, text: str) -> tuple[str, tuple[Any, ...]]:
        """A query of num, txt, ver and chk. Its percent signs are doubled: it is always executed with parameters."""
        columns = self.queryset.annotate(row_pk=F("pk"), row_version=F("version")).values("row_pk", "row_version")
        inner, parameters = columns.query.get_compiler(self.using).as_sql()
        number = number_sql(text, connections[self.using].vendor) if self.hashed else "row_pk"
        x = f"((((num %% {PRIME}) + {PRIME}) %% {PRIME}) * 40503 + ver %% {PRIME}) %% {PRIME}"
        numbered = f"SELECT CAST({number} AS bigint) AS num, {text} AS txt, row_version AS ver FROM ({inner}) chosen"
        mixed = f"SELECT num, txt, ver, {x} AS x FROM ({numbered}) numbered"
        return f"SELECT num, txt, ver, x * x %% {PRIME} AS chk FROM ({mixed}) mixed", tuple(parameters)

    def stream(self, low: int | None = None, high: int | None = None) -> Iterator[tuple[int, str, int, int]]:
        """(number, text, version, checksum) of every row in the range, in the key's order, through Python."""
        queryset = self.queryset if self.hashed else within(self.queryset, low, high)
        for row in queryset.order_by("pk").iterator(chunk_size=STREAM):
            number = key_number(row.pk)
            inside = (low is None or number >= low) and (high is None or number < high)
            if inside and self.document.should_index_object(row):
                yield number, str(row.pk), row.version, checksum(row.pk, row.version)


def within(queryset: QuerySet[Any], low: int | None, high: int | None) -> QuerySet[Any]:
    """The rows whose integer key lies in the range."""
    bounds = {"pk__gte": low, "pk__lt": high}
    return queryset.filter(**{name: bound for name, bound in bounds.items() if bound is not None})


def key_field(document: type[VersionedDocument]) -> "models.Field[Any, Any]":
    """The primary key's own field, also where it is another table's."""
    pk: Any = document.django.model._meta.pk
    while pk.is_relation:
        pk = pk.target_field
    return pk  # type: ignore[no-any-return]


def key_text(pk: "models.Field[Any, Any]", vendor: str) -> str | None:
    """The SQL of row_pk as Python's str() shows it, which is the document's id; None for a type unknown here."""
    if not isinstance(pk, models.IntegerField | models.CharField | models.UUIDField):
        return None
    if vendor == "sqlite" and isinstance(pk, models.UUIDField):  # kept as 32 hexadecimal digits
        parts = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)]
        return " || '-' || ".join(f"substr(row_pk, {start}, {length})" for start, length in parts)
    return "CAST(row_pk AS text)"


def number_sql(text: str, vendor: str) -> str:
    """The SQL of the first 28 bits of the MD5 of a text."""
    if vendor == "postgresql":
        return f"('x0' || substr(md5({text}), 1, 7))::bit(32)::bigint"
    # SQLite reads no hexadecimal: each digit by its place. Django gives it MD5.
    digits = (f"(instr('{HEX}', substr(MD5({text}), {at}, 1)) - 1) * {16 ** (7 - at)}" for at in range(1, 8))
    return f"({' + '.join(digits)})"
