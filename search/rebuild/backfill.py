"""Backfill: index a table in primary key order while its rows keep changing.

Each chunk is read in its own snapshot, which is younger than the index's record, and is sent with the rows' versions.
A change that is pushed at the same time has a newer version and wins, in whichever order the two arrive. Progress is
recorded after Elasticsearch has answered, never before.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import Mod, RowNumber

from ..conf import conf
from ..exceptions import EngineUnavailable, RebuildLost
from ..mapping.base import VersionedDocument
from ..mapping.column_rows import fetch_rows
from ..mapping.keys import Key, label_of
from ..mapping.snapshot import snapshot
from ..models import BackfillRange, Index
from ..outbox.backoff import retry_delay
from ..outbox.outcomes import Outcome
from ..push import bulk
from ..push.actions import BulkAction, index_action

NAMED = 20  # refused documents that an error names
ACCEPTED = frozenset({Outcome.DONE, Outcome.VERSION_CONFLICT})  # conflict: a push has written a newer version already
RETRY_FOR = 300.0  # seconds without progress after which the backfill fails
SMALLEST_RANGE = 5000  # rows


@dataclass(slots=True)
class Progress:
    """The documents that a backfill has indexed and the ones that Elasticsearch has refused."""

    indexed: int = 0
    refusals: int = 0
    refused: list[str] = field(default_factory=list)  # the first NAMED

    def add_refusal(self, description: str) -> None:
        self.refusals += 1
        if len(self.refused) < NAMED:
            self.refused.append(description)


@dataclass(slots=True)
class Chunk:
    """Consecutive rows as bulk actions."""

    actions: list[BulkAction]
    last_pk: Any
    read_at: float  # on the monotonic clock


class Filler:
    """Indexes rows of one document into one index.

    Reads `size` rows at once (0: as many as a bulk takes) and sends at most `throttle` documents a second (0: any
    number).
    """

    def __init__(
        self,
        document: type[VersionedDocument],
        name: str,
        using: str,
        *,
        size: int = 0,
        throttle: float = 0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.document = document()
        self.label = label_of(document.django.model)
        self.name = name
        self.using = using
        self.size = size or conf.BULK_MAX_DOCUMENTS
        self.throttle = throttle
        self._clock = clock
        self._sleep = sleep
        self._next_send_at = clock()

    def rows(self, condition: Q | None = None) -> QuerySet[Any]:
        queryset: QuerySet[Any] = self.document.get_queryset().using(self.using)
        return queryset.filter(condition) if condition is not None else queryset

    def fill(self, rows: QuerySet[Any], after: Any, done: Callable[[Any, Progress], object]) -> None:
        """Index all rows with a primary key above `after`; call `done(last_pk, progress)` after each chunk."""
        ordered = rows.order_by("pk")
        while chunk := self.read(ordered, after):
            progress = self.send(chunk, partial(self.read, ordered, after, chunk.last_pk))
            after = chunk.last_pk
            done(after, progress)
            self.pause(len(chunk.actions))

    def read(self, ordered: QuerySet[Any], after: Any, until: Any = None) -> Chunk | None:
        """Read and prepare the next rows in one snapshot: the next `size`, or all up to the key `until`."""
        remaining = ordered if after is None else ordered.filter(pk__gt=after)
        bounded = remaining[: self.size] if until is None else remaining.filter(pk__lte=until)
        with snapshot(self.using):
            read_at = time.monotonic()  # the bulk compares it with the real clock
            rows = fetch_rows(self.document, bounded)
            actions = [self.action(row) for row in rows if self.document.should_index_object(row)]
            return Chunk(actions, rows[-1].pk, read_at) if rows else None

    def action(self, row: Any) -> BulkAction:
        return index_action(self.document, row, str(Key(self.label, str(row.pk))), self.name)

    def send(self, chunk: Chunk, reread: Callable[[], Chunk | None]) -> Progress:
        """Send a chunk until Elasticsearch has accepted or refused every row; read the rows again before a retry."""
        started_at, attempts = self._clock(), 0
        current: Chunk | None = chunk
        while current:
            progress, error = self._send_once(current)
            if not error:
                return progress
            if self._clock() - started_at > RETRY_FOR:
                raise EngineUnavailable(error)
            attempts += 1
            self._sleep(retry_delay(attempts).total_seconds())
            current = reread()
        return Progress()  # the rows have been deleted since

    def _send_once(self, chunk: Chunk) -> tuple[Progress, str]:
        """Return the progress, and why some rows must be sent again."""
        progress, error = Progress(), ""
        for action, result in bulk.post_bulk(chunk.actions, chunk.read_at, bulk.call_timeout()):
            if result.outcome in ACCEPTED:
                progress.indexed += 1
            elif result.outcome is Outcome.REFUSED:
                progress.add_refusal(f"{action.key} {result.error}")
            else:
                error = result.error or str(result.outcome)
        return progress, error

    def pause(self, documents: int) -> None:
        if self.throttle:
            self._next_send_at = max(self._next_send_at, self._clock() - 1) + documents / self.throttle
            self._sleep(max(0.0, self._next_send_at - self._clock()))


def split_into_ranges(filler: Filler, index: Index, parts: int, smallest: int = SMALLEST_RANGE) -> list[BackfillRange]:
    """Divide the table into about `parts` key ranges of at least `smallest` rows, and record them.

    The last range is open, so that it takes in rows that are inserted later.
    """
    step = max(smallest, filler.rows().count() // parts)
    numbered = filler.rows().order_by().annotate(number=Window(RowNumber(), order_by="pk"))
    last_of_each = numbered.annotate(remainder=Mod(F("number"), step)).filter(remainder=0).order_by("pk")
    bounds = [str(pk) for pk in last_of_each.values_list("pk", flat=True)]
    pairs = zip(["", *bounds], [*bounds, ""], strict=True)
    ranges = [
        BackfillRange(index=index, number=number, after=after, until=until)
        for number, (after, until) in enumerate(pairs)
    ]
    return BackfillRange.objects.using(filler.using).bulk_create(ranges)


def fill_range(filler: Filler, part: BackfillRange, owner: str) -> None:
    """Fill one range from its last confirmed key on. Raise RebuildLost if another process owns the rebuild now."""
    to_python = filler.document.django.model._meta.pk.to_python
    rows = filler.rows(Q(pk__lte=to_python(part.until)) if part.until else None)
    owned = BackfillRange.objects.using(filler.using).filter(pk=part.pk, index__owner=owner)

    def record_progress(last_pk: Any, progress: Progress) -> None:
        part.indexed += progress.indexed
        part.refusals += progress.refusals
        part.refused = (part.refused + progress.refused)[:NAMED]
        part.reached = str(last_pk)
        save()

    def save() -> None:
        values = {name: getattr(part, name) for name in ("reached", "indexed", "refusals", "refused", "done")}
        if not owned.update(**values):
            raise RebuildLost(filler.name)

    start = part.reached or part.after
    filler.fill(rows, to_python(start) if start else None, record_progress)
    part.done = True
    save()
