"""Find where an index and the database differ, without reading what agrees.

First the sums of all rows are compared, then the sums of ranges; ranges that differ are listed, and each row that looks
different is compared by itself (row_diff.py). Memory is bounded however much differs: differences are yielded as they
are found.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS

from ..client import client, translate_errors
from ..exceptions import NoIndex
from ..indices.aliases import alias_of
from ..mapping.base import VersionedDocument
from ..mapping.registry import documents
from ..mapping.snapshot import snapshot
from .checksums import MAX_EXACT_ROWS, DatabaseSums, IndexSums, KeyRange, RangeSum, RowMark
from .row_diff import NOT_DRIFT, Difference, DriftKind, RowComparer
from .rows import Rows

T = TypeVar("T")
ROWS_PER_RANGE = 1000  # at least
RANGES_PER_TABLE = 1024  # about, so that a large table gets larger ranges
RANGES_PER_LISTING = 32  # differing ranges whose rows are in memory at once
ROWS_PER_BATCH = 500  # rows that are compared one by one, and repaired, at once
MAX_REPORTED_IDS = 1000  # of each kind


@dataclass
class Report:
    """The result of a comparison."""

    index: str
    rows: int = 0
    documents: int = 0
    counts: dict[DriftKind, int] = field(default_factory=lambda: dict.fromkeys(DriftKind, 0))
    ids: dict[DriftKind, list[str]] = field(default_factory=lambda: {kind: [] for kind in DriftKind})

    def add(self, difference: Difference) -> None:
        self.counts[difference.kind] += 1
        if len(self.ids[difference.kind]) < MAX_REPORTED_IDS:
            self.ids[difference.kind].append(difference.id)

    @property
    def drifted(self) -> int:
        """The number of documents that differ and have no outbox entry."""
        return sum(count for kind, count in self.counts.items() if kind not in NOT_DRIFT)

    @property
    def in_step(self) -> bool:
        return not self.drifted


class Comparison:
    """One document class against one index; `since` (a version) leaves out rows that were last changed before."""

    def __init__(
        self,
        document: type[VersionedDocument],
        name: str,
        using: str,
        *,
        since: int = 0,
        deep: bool = False,
        rows_per_range: int = ROWS_PER_RANGE,
        max_exact_rows: int = MAX_EXACT_ROWS,
    ) -> None:
        changed_since = {"range": {"version": {"gte": since}}} if since else None
        self.database = DatabaseSums(Rows(document, using, since))
        self.index = IndexSums(name, changed_since)
        self.comparer = RowComparer(document, name, using, deep=deep)
        self.report = Report(name)
        self.using = using
        self.rows_per_range = rows_per_range
        self.max_exact_rows = max_exact_rows

    def run(self) -> Report:
        """Compare to the end."""
        for _ in self.differences():
            pass
        return self.report

    def differences(self) -> Iterator[Difference]:
        """Yield every difference as it is found, and add it to the report."""
        client().indices.refresh(index=self.index.name)
        suspects, unknown = self._suspects(), (id_ for id_, _ in self.index.unknown_documents())
        if self.comparer.deep:
            yield from self._compare_rows(self._all_ids())
            yield from self._compare_rows(suspects, only=DriftKind.ORPHANED)
        else:
            yield from self._compare_rows(suspects)
        # An unknown document that has a row is a suspect already: its row's range has no such document.
        yield from self._compare_rows(unknown, only=DriftKind.ORPHANED)

    def _compare_rows(self, ids: Iterable[str], only: DriftKind | None = None) -> Iterator[Difference]:
        for batch in batches(ids, ROWS_PER_BATCH):
            for difference in self.comparer.differences(batch):
                if only in (None, difference.kind):
                    self.report.add(difference)
                    yield difference

    def _suspects(self) -> Iterator[str]:
        for key_ranges in batches(self._differing_ranges(), RANGES_PER_LISTING):
            yield from self._differing_ids(key_ranges)

    def _differing_ranges(self) -> Iterator[KeyRange]:
        """Yield the ranges that differ, small enough to be listed."""
        database_sum, index_sum = self.database.total(), self.index.total()
        self.report.rows, self.report.documents = database_sum.count, index_sum.count
        if database_sum == index_sum and database_sum.count <= self.max_exact_rows:
            return
        size = max(self.rows_per_range, database_sum.count // RANGES_PER_TABLE)
        for key_range, range_sum in self._split_differing(KeyRange(), size):
            if range_sum.count > 2 * self.rows_per_range:
                yield from (part for part, _ in self._split_differing(key_range, self.rows_per_range))
            else:
                yield key_range

    def _split_differing(self, key_range: KeyRange, size: int) -> Iterator[tuple[KeyRange, RangeSum]]:
        parts = self.database.split(key_range, size)
        index_sums = self.index.sums([part for part, _ in parts])
        for (part, database_sum), index_sum in zip(parts, index_sums, strict=True):
            if database_sum != index_sum:
                yield part, database_sum

    def _differing_ids(self, key_ranges: Sequence[KeyRange]) -> Iterator[str]:
        rows: dict[str, RowMark] = self.database.marks(key_ranges)
        for id_, mark in self.index.marks(key_ranges):
            if rows.pop(id_, None) != mark:
                yield id_
        yield from rows

    def _all_ids(self) -> Iterator[str]:
        queryset: Any = self.database.rows.queryset.order_by("pk")
        last_pk = None
        while pks := read_pks(queryset, last_pk, ROWS_PER_BATCH, self.using):
            yield from map(str, pks)
            last_pk = pks[-1]


def read_pks(queryset: Any, after: Any, size: int, using: str) -> list[Any]:
    """Return the next `size` primary keys greater than `after`; None starts with the first."""
    with snapshot(using):
        remaining = queryset if after is None else queryset.filter(pk__gt=after)
        return list(remaining.values_list("pk", flat=True)[:size])


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def out_of_sync_documents(using: str = DEFAULT_DB_ALIAS) -> list[type[VersionedDocument]]:
    """Return the documents whose index differs from the database, by one sum each: exact for up to MAX_EXACT_ROWS."""
    return [document for document in documents() if _live_sum(document) != DatabaseSums(Rows(document, using)).total()]


def _live_sum(document: type[VersionedDocument]) -> RangeSum | None:
    """Return count and sum of the documents behind the alias, or None without an index."""
    alias = alias_of(document)
    try:
        with translate_errors():
            client().indices.refresh(index=alias)
            return IndexSums(alias).total()
    except NoIndex:
        return None
