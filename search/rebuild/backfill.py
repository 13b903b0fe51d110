"""Backfill: fill an index from the database, walking the table by its key while rows go on changing.

Every chunk is read in a snapshot of its own, younger than the index's record, and sent with the rows' versions: a
change that is pushed meanwhile is newer, and wins in whichever order the two arrive. How far a range has come is
written down after the engine's answer, never before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, sleep
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

NAMED = 20  # refused documents that are named
ACCEPTED = frozenset({Outcome.DONE, Outcome.VERSION_CONFLICT})  # ahead: a push was there first, with a newer version
PATIENCE = 300.0  # seconds without any progress after which the engine is given up
SMALLEST_RANGE = 5000  # rows


@dataclass(slots=True)
class Progress:
    """What a backfill has done."""

    indexed: int = 0
    refusals: int = 0
    refused: list[str] = field(default_factory=list)

    def refuse(self, what: str) -> None:
        """Count a refused document, and name it while there is room."""
        self.refusals += 1
        if len(self.refused) < NAMED:
            self.refused.append(what)


@dataclass(slots=True)
class Chunk:
    """Some rows in key order, as operations."""

    operations: list[BulkAction]
    last_pk: Any
    read_at: float


class Filler:
    """Writes rows of one document to one index, in chunks of `size` rows, at most `throttle` documents a second."""

    def __init__(self, document: type[VersionedDocument], name: str, using: str, *, size: int = 0, throttle: float = 0):
        self.document = document()
        self.label = label_of(document.django.model)
        self.name = name
        self.using = using
        self.size = size or conf.BULK_MAX_DOCUMENTS
        self.throttle = throttle
        self._free_at = monotonic()

    def rows(self, chosen: Q | None = None) -> QuerySet[Any]:
        """The rows that the document indexes, of these the chosen ones."""
        queryset: QuerySet[Any] = self.document.get_queryset().using(self.using)
        return queryset.filter(chosen) if chosen is not None else queryset

    def fill(self, rows: QuerySet[Any], after: Any, done: Callable[[Any, Progress], object]) -> None:
        """Write all rows behind the key `after`; `done` hears of each chunk's last key when it is confirmed."""
        ordered = rows.order_by("pk")
        while chunk := self.read(ordered, after):
            progress = self.send(chunk, partial(self.read, ordered, after, chunk.last_pk))
            after = chunk.last_pk
            done(after, progress)
            self.pause(len(chunk.operations))

    def read(self, ordered: QuerySet[Any], after: Any, until: Any = None) -> Chunk | None:
        """The next rows, read and prepared in one snapshot."""
        behind = ordered if after is None else ordered.filter(pk__gt=after)
        upto = behind if until is None else behind.filter(pk__lte=until)
        with snapshot(self.using):
            read_at = monotonic()
            rows = fetch_rows(self.document, upto[: None if until is not None else self.size])
            indexed = [row for row in rows if self.document.should_index_object(row)]
            return Chunk([self.operation(row) for row in indexed], rows[-1].pk, read_at) if rows else None

    def operation(self, row: Any) -> BulkAction:
        """The write of one row."""
        return index_action(self.document, row, str(Key(self.label, str(row.pk))), self.name)

    def send(self, chunk: Chunk, again: Callable[[], Chunk | None]) -> Progress:
        """Send a chunk until the engine has taken or refused each row; `again` reads the rows anew before a retry."""
        began, attempts = monotonic(), 0
        current: Chunk | None = chunk
        while current:
            progress, failed = self._send_once(current)
            if not failed:
                return progress
            if monotonic() - began > PATIENCE:
                raise EngineUnavailable(failed)
            attempts += 1
            sleep(retry_delay(attempts).total_seconds())
            current = again()
        return Progress()  # the rows are gone

    def _send_once(self, chunk: Chunk) -> tuple[Progress, str]:
        progress, failed = Progress(), ""
        for sent, answer in bulk.post_bulk(chunk.operations, chunk.read_at, bulk.call_timeout()):
            if answer.outcome in ACCEPTED:
                progress.indexed += 1
            elif answer.outcome is Outcome.REFUSED:
                progress.refuse(f"{sent.key} {answer.error}")
            else:
                failed = answer.error or str(answer.outcome)
        return progress, failed

    def pause(self, documents: int) -> None:
        """Keep to the throttle."""
        if self.throttle:
            self._free_at = max(self._free_at, monotonic() - 1) + documents / self.throttle
            sleep(max(0.0, self._free_at - monotonic()))


def split(filler: Filler, index: Index, parts: int) -> list[BackfillRange]:
    """Cut the table into about `parts` ranges of keys, and record them; the last one is open."""
    step = max(SMALLEST_RANGE, filler.rows().count() // parts)
    places = filler.rows().order_by().annotate(place=Window(RowNumber(), order_by="pk"))
    every = places.annotate(beyond=Mod(F("place"), step)).filter(beyond=0).order_by("pk")
    bounds = [str(pk) for pk in every.values_list("pk", flat=True)]
    cut = zip(["", *bounds], [*bounds, ""], strict=True)
    ranges = [BackfillRange(index=index, number=at, after=after, until=until) for at, (after, until) in enumerate(cut)]
    return BackfillRange.objects.using(filler.using).bulk_create(ranges)


def fill_range(filler: Filler, part: BackfillRange, owner: str) -> None:
    """Fill one range from where it was left. RebuildLost when somebody else has taken it over."""
    to_python = filler.document.django.model._meta.pk.to_python
    rows = filler.rows(Q(pk__lte=to_python(part.until)) if part.until else None)
    mine = BackfillRange.objects.using(filler.using).filter(pk=part.pk, index__owner=owner)

    def note(last_pk: Any, progress: Progress) -> None:
        part.indexed += progress.indexed
        part.refusals += progress.refusals
        part.refused = (part.refused + progress.refused)[:NAMED]
        part.reached = str(last_pk)
        save()

    def save() -> None:
        values = {name: getattr(part, name) for name in ("reached", "indexed", "refusals", "refused", "done")}
        if not mine.update(**values):
            raise RebuildLost(filler.name)

    begun = part.reached or part.after
    filler.fill(rows, to_python(begun) if begun else None, note)
    part.done = True
    save()
