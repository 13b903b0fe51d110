"""A document's rows as a comparison reads them: the key as a number and as text, the version and the checksum.

Python (mapping/checksum.py) is the reference; the SQL here computes the same on PostgreSQL and SQLite. Rows that only
Python can select (`should_index_object`), and keys of a type without SQL here, are streamed through Python instead,
which is slower.
"""

# Only our own names and numbers are formatted into SQL.

from collections.abc import Iterator
from typing import Any

from django.db import connections, models
from django.db.models import F, QuerySet
from django_elasticsearch_dsl import Document

from ..mapping.base import VersionedDocument
from ..mapping.checksum import PRIME, checksum, key_number
from ..mapping.keys import sqlite_uuid_text

HASH_SPACE = 1 << 28  # how many numbers a key that is not an integer can be hashed to
STREAM_CHUNK_SIZE = 2000  # rows in memory at once
HEX_DIGITS = "0123456789abcdef"


class Rows:
    """The rows of one document in one database; `since` leaves out rows of a lower version."""

    def __init__(self, document: type[VersionedDocument], using: str, since: int = 0) -> None:
        self.document = document()
        self.using = using
        queryset: QuerySet[Any] = self.document.get_queryset().using(using).order_by()
        self.queryset = queryset.filter(version__gte=since) if since else queryset
        pk = key_field(document)
        self.hashed = not isinstance(pk, models.IntegerField)
        text = key_text_sql(pk, connections[using].vendor)
        selects_in_python = type(self.document).should_index_object is not Document.should_index_object
        self.sql, self.parameters = ("", ()) if text is None or selects_in_python else self._compile(text)

    @property
    def streamed(self) -> bool:
        """Whether these rows are read through Python."""
        return not self.sql

    def _compile(self, text: str) -> tuple[str, tuple[Any, ...]]:
        """Return a query of num, txt, ver and chk. Percent signs are doubled: it always runs with parameters."""
        columns = self.queryset.annotate(row_pk=F("pk"), row_version=F("version")).values("row_pk", "row_version")
        inner, parameters = columns.query.get_compiler(self.using).as_sql()
        number = number_sql(text, connections[self.using].vendor) if self.hashed else "row_pk"
        x = f"((((num %% {PRIME}) + {PRIME}) %% {PRIME}) * 40503 + ver %% {PRIME}) %% {PRIME}"
        numbered = f"SELECT CAST({number} AS bigint) AS num, {text} AS txt, row_version AS ver FROM ({inner}) selected"
        mixed = f"SELECT num, txt, ver, {x} AS x FROM ({numbered}) numbered"
        return f"SELECT num, txt, ver, x * x %% {PRIME} AS chk FROM ({mixed}) mixed", tuple(parameters)

    def stream(self, low: int | None = None, high: int | None = None) -> Iterator[tuple[int, str, int, int]]:
        """Yield (number, text, version, checksum) of every row in the range, sorted by primary key."""
        queryset = self.queryset if self.hashed else filter_range(self.queryset, low, high)
        for row in queryset.order_by("pk").iterator(chunk_size=STREAM_CHUNK_SIZE):
            number = key_number(row.pk)
            inside = (low is None or number >= low) and (high is None or number < high)
            if inside and self.document.should_index_object(row):
                yield number, str(row.pk), row.version, checksum(row.pk, row.version)


def filter_range(queryset: QuerySet[Any], low: int | None, high: int | None) -> QuerySet[Any]:
    """Return the rows with low <= primary key < high, for an integer key."""
    bounds = {"pk__gte": low, "pk__lt": high}
    return queryset.filter(**{name: bound for name, bound in bounds.items() if bound is not None})


def key_field(document: type[VersionedDocument]) -> "models.Field[Any, Any]":
    """Return the field that holds the primary key's value: for a one-to-one key, that of the other model."""
    pk: Any = document.django.model._meta.pk
    while pk.is_relation:
        pk = pk.target_field
    return pk  # type: ignore[no-any-return]


def key_text_sql(pk: "models.Field[Any, Any]", vendor: str) -> str | None:
    """Return the SQL of row_pk as Python's str() shows it, which is the document's id; None for other types of key."""
    if not isinstance(pk, models.IntegerField | models.CharField | models.UUIDField):
        return None
    if vendor == "sqlite" and isinstance(pk, models.UUIDField):
        return sqlite_uuid_text("row_pk")
    return "CAST(row_pk AS text)"


def number_sql(text: str, vendor: str) -> str:
    """Return the SQL of the first 28 bits of the MD5 of a text."""
    if vendor == "postgresql":
        return f"('x0' || substr(md5({text}), 1, 7))::bit(32)::bigint"
    # SQLite cannot convert hexadecimal, so each digit is looked up and weighted. Django registers MD5 with SQLite.
    digits = (
        f"(instr('{HEX_DIGITS}', substr(MD5({text}), {position}, 1)) - 1) * {16 ** (7 - position)}"
        for position in range(1, 8)
    )
    return f"({' + '.join(digits)})"
