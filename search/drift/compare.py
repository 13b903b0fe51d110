"""Drift: where an index and the database differ, found without reading what agrees.

The sum of all is compared, then sums of ranges, ranges that differ are listed, and each suspect is looked at closely
(look.py). Memory is bounded whatever differs: suspects are given out as they are found.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..client import client
from ..mapping.base import VersionedDocument
from ..mapping.snapshot import snapshot
from .checksums import EXACT, DatabaseSums, IndexSums, Mark, Span, Sum
from .row_diff import Difference, Kind, Looker
from .rows import Rows

T = TypeVar("T")
STEP = 1000  # rows in a range, at least
RANGES = 1024  # ranges of a table that differs, about
GROUP = 32  # differing ranges that are listed at once
BATCH = 500  # rows looked at closely in one go
NAMED = 1000  # ids of each kind that a report keeps
NO_DRIFT = (Kind.PENDING, Kind.DEAD)


@dataclass
class Report:
    """What a comparison found."""

    index: str
    rows: int = 0
    documents: int = 0
    counts: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    ids: dict[Kind, list[str]] = field(default_factory=lambda: {kind: [] for kind in Kind})

    def add(self, difference: Difference) -> None:
        """Count one, and name it while there is room."""
        self.counts[difference.kind] += 1
        if len(self.ids[difference.kind]) < NAMED:
            self.ids[difference.kind].append(difference.id)

    @property
    def drifted(self) -> int:
        """How many documents differ, what waits in the outbox aside."""
        return sum(count for kind, count in self.counts.items() if kind not in NO_DRIFT)

    @property
    def in_step(self) -> bool:
        """Whether none differs."""
        return not self.drifted


class Comparison:
    """One document class against one index; `since` (a version) leaves out what was last changed before."""

    def __init__(
        self, document: type[VersionedDocument], name: str, using: str, *, since: int = 0, deep: bool = False
    ) -> None:
        changed = {"range": {"version": {"gte": since}}} if since else None
        self.database = DatabaseSums(Rows(document, using, since))
        self.index = IndexSums(name, changed)
        self.looker = Looker(document, name, using, deep=deep)
        self.report = Report(name)
        self.using = using

    def differences(self) -> Iterator[Difference]:
        """Every difference, as it is found; the report grows with them."""
        client().indices.refresh(index=self.index.name)
        listed, strangers = self._suspects(), (one for one, _ in self.index.strangers())
        if self.looker.deep:
            yield from self._looked_at(self._all_rows())
            yield from self._looked_at(listed, only=Kind.ORPHANED)
        else:
            yield from self._looked_at(listed)
        # A stranger that has a row was found already: its row's range lacks it.
        yield from self._looked_at(strangers, only=Kind.ORPHANED)

    def _looked_at(self, suspects: Iterable[str], only: Kind | None = None) -> Iterator[Difference]:
        for batch in batches(suspects, BATCH):
            for difference in self.looker.differences(batch):
                if only in (None, difference.kind):
                    self.report.add(difference)
                    yield difference

    def run(self) -> Report:
        """Compare to the end."""
        for _ in self.differences():
            pass
        return self.report

    def _suspects(self) -> Iterator[str]:
        """The ids in ranges that differ whose mark differs."""
        for spans in batches(self._differing(), GROUP):
            yield from self._listed(spans)

    def _differing(self) -> Iterator[Span]:
        """The ranges that differ, small enough to be listed."""
        all_ours, all_theirs = self.database.total(), self.index.total()
        self.report.rows, self.report.documents = all_ours.count, all_theirs.count
        if all_ours == all_theirs and all_ours.count <= EXACT:
            return
        for span, ours, theirs in self._compared(Span(), max(STEP, all_ours.count // RANGES)):
            if ours == theirs:
                continue
            if ours.count > 2 * STEP:
                yield from (inner for inner, one, other in self._compared(span, STEP) if one != other)
            else:
                yield span

    def _compared(self, span: Span, step: int) -> Iterator[tuple[Span, Sum, Sum]]:
        """The range cut into steps, with each side's sum."""
        cut = self.database.walk(span, step)
        theirs = self.index.sums([span for span, _ in cut])
        for (inner, ours), other in zip(cut, theirs, strict=True):
            yield inner, ours, other

    def _listed(self, spans: Sequence[Span]) -> Iterator[str]:
        """The ids whose mark differs between the two sides."""
        rows: dict[str, Mark] = self.database.listing(spans)
        for one, mark in self.index.listing(spans):
            if rows.pop(one, None) != mark:
                yield one
        yield from rows

    def _all_rows(self) -> Iterator[str]:
        """Every row's id, in key order."""
        queryset: Any = self.database.rows.queryset.order_by("pk")
        after = None
        while pks := read_keys(queryset, after, BATCH, self.using):
            yield from map(str, pks)
            after = pks[-1]


def read_keys(queryset: Any, after: Any, size: int, using: str) -> list[Any]:
    """The next primary keys behind `after`."""
    with snapshot(using):
        behind = queryset if after is None else queryset.filter(pk__gt=after)
        return list(behind.values_list("pk", flat=True)[:size])


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of `size`."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
