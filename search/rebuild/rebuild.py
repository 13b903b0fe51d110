"""Rebuild: fill a new index from the database next to the live one, verify it, and swap it in with one call.

The order of the steps makes it safe: the index is created, then recorded as building (from then on every push writes
to it too), then filled, then compared with the database, then swapped in, then recorded as live. Whatever stops the
rebuild before the swap leaves the live index as it was.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, connections
from django.db.models import Sum

from ..client import client, translate_errors
from ..conf import conf
from ..drift.compare import Comparison
from ..drift.row_diff import DriftKind
from ..exceptions import FingerprintMismatch, NothingToResume, RebuildIncomplete
from ..indices import lifecycle, lock, records
from ..indices.aliases import alias_of, alias_target, sync_records_with_alias
from ..indices.swap import swap
from ..indices.template import put_template
from ..mapping.base import VersionedDocument
from ..mapping.fingerprint import body, fingerprint
from ..models import BackfillRange, Entry, Index, IndexState
from .backfill import NAMED, SMALLEST_RANGE, Filler, split_into_ranges
from .worker_pool import default_workers, fill_ranges

WHILE_BUILDING = {"refresh_interval": "-1", "number_of_replicas": 0}  # pushes never wait for a refresh
# Dead: a dead letter may be refused by the new index alone.
DIFFERENCES = (DriftKind.MISSING, DriftKind.STALE, DriftKind.ORPHANED, DriftKind.DEAD)
POLL_INTERVAL = 0.05  # seconds
RANGES_PER_WORKER = 4  # so that no worker waits long for the slowest one


def no_report(done: int, total: int, refused: int) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Options:
    """How to fill an index."""

    standby: bool = False  # keep the old index, and keep writing to it, for a rollback
    workers: int = 0  # processes; 0: see default_workers()
    batch_size: int = 0  # rows read at once; 0: as many as a bulk takes
    throttle: float = 0  # documents a second at most; 0: no limit
    report: Callable[[int, int, int], object] = no_report  # called with (indexed, total, refused)
    smallest_range: int = SMALLEST_RANGE  # rows
    heartbeat_interval: float = lock.HEARTBEAT_INTERVAL  # seconds

    def worker_count(self, using: str, rows: int) -> int:
        return self.workers or default_workers(connections[using].vendor, rows, os.cpu_count() or 2)


@dataclass(frozen=True)
class Rebuilt:
    """The result of a rebuild: `standby` tells whether the replaced index is kept."""

    name: str
    indexed: int
    replaced: str
    standby: bool
    seconds: float


def rebuild(document: type[VersionedDocument], using: str = "default", options: Options = Options()) -> Rebuilt:
    """Build, fill, verify and swap in a new index. Delete an abandoned one of an earlier rebuild first."""
    alias = alias_of(document)
    with translate_errors():
        sync_records_with_alias(alias, using)
        put_template(alias)
        alias_target(alias, using)  # raises if a plain index has the alias's name
        if abandoned := records.building_index(alias, using):
            lock.acquire(abandoned, using)  # so that no other process resumes it
            lifecycle.delete_indices([abandoned.name], using)
        return finish(document, begin(document, using), using, options)


def resume(document: type[VersionedDocument], using: str = "default", options: Options = Options()) -> Rebuilt:
    """Continue an interrupted rebuild. Raise NothingToResume, FingerprintMismatch or RebuildRunning."""
    alias = alias_of(document)
    with translate_errors():
        if names := sync_records_with_alias(alias, using, old_index_state(options)):  # only the record was lost
            name, replaced = names
            return cleanup(Rebuilt(name, 0, replaced, is_kept(replaced, alias, options), 0.0), alias, using)
        index = interrupted_index(document, using)
        lock.acquire(index, using)
        return finish(document, index, using, options)


def interrupted_index(document: type[VersionedDocument], using: str) -> Index:
    """Return the index of an interrupted rebuild. Raise NothingToResume or FingerprintMismatch."""
    alias = alias_of(document)
    index = records.building_index(alias, using)
    with translate_errors():
        if not index or not lifecycle.index_exists(index.name):
            raise NothingToResume(alias)
    if index.fingerprint != fingerprint(document):
        raise FingerprintMismatch(alias)
    return index


def begin(document: type[VersionedDocument], using: str) -> Index:
    """Create the new index and record it as building, owned by this process."""
    name = lifecycle.create_physical_index(document, **WHILE_BUILDING)
    try:
        return records.record_building(document, name, using, owner=lock.owner_id())
    except IntegrityError:
        client().indices.delete(index=name)
        raise lock.already_running(alias_of(document), using) from None


def finish(document: type[VersionedDocument], index: Index, using: str, options: Options) -> Rebuilt:
    """Fill, verify, swap and record the new index.

    If rows are refused or differ, delete the new index; after any other failure keep it for --resume.
    """
    started_at, alias = time.monotonic(), index.alias
    try:
        indexed = fill(document, index, using, options)
        verify(document, index, using, options)
        lock.heartbeat(index, using)
        swap(alias, alias_target(alias, using), index.name)
    except RebuildIncomplete:
        lifecycle.delete_indices([index.name], using)
        raise
    except BaseException:
        lock.release(index, using)
        raise
    replaced = records.record_live(alias, index.name, using, old_index_state(options))
    seconds = time.monotonic() - started_at
    return cleanup(Rebuilt(index.name, indexed, replaced, is_kept(replaced, alias, options), seconds), alias, using)


def fill(document: type[VersionedDocument], index: Index, using: str, options: Options) -> int:
    """Backfill the ranges that are not done and return the number of documents. Raise RebuildIncomplete on refusals."""
    filler = Filler(document, index.name, using, size=options.batch_size, throttle=options.throttle)
    with lock.LockHeartbeat(index, using, lambda: None, options.heartbeat_interval):  # a large table takes a while
        total = filler.rows().count()
        workers = options.worker_count(using, total)
        ranges = list(index.ranges.using(using).order_by("number")) or split_into_ranges(
            filler, index, workers * RANGES_PER_WORKER, options.smallest_range
        )

    def report() -> tuple[int, int]:
        recorded = BackfillRange.objects.using(using).filter(index=index)
        sums = recorded.aggregate(indexed=Sum("indexed", default=0), refusals=Sum("refusals", default=0))
        options.report(sums["indexed"], total, sums["refusals"])
        return sums["indexed"], sums["refusals"]

    with lock.LockHeartbeat(index, using, report, options.heartbeat_interval):
        fill_ranges(filler, index, ranges, workers)
    indexed, refusals = report()
    if refusals:
        refused = BackfillRange.objects.using(using).filter(index=index).values_list("refused", flat=True)
        named = [description for descriptions in refused for description in descriptions]
        raise RebuildIncomplete(f"{refusals} refused: {', '.join(named[:NAMED])}")
    return indexed


def verify(document: type[VersionedDocument], index: Index, using: str, options: Options = Options()) -> None:
    """Set the index's final settings and compare it with the database. Raise RebuildIncomplete on differences."""
    settings = body(document)["settings"]
    final = {name: settings.get(name) for name in WHILE_BUILDING}  # None resets to Elasticsearch's default
    client().indices.put_settings(index=index.name, settings=final)
    with lock.LockHeartbeat(index, using, lambda: None, options.heartbeat_interval):
        report = Comparison(document, index.name, using).run()
    if count := sum(report.counts[kind] for kind in DIFFERENCES):
        named = [f"{pk} {kind}" for kind in DIFFERENCES for pk in report.ids[kind]]
        raise RebuildIncomplete(f"{count} differ: {', '.join(named[:NAMED])}")


def old_index_state(options: Options) -> IndexState:
    return IndexState.STANDBY if options.standby else IndexState.RETIRED


def is_kept(replaced: str, alias: str, options: Options) -> bool:
    """Return whether the old index is kept as standby. An adopted one cannot be: the alias has taken its name."""
    return options.standby and replaced not in ("", alias)


def cleanup(result: Rebuilt, alias: str, using: str) -> Rebuilt:
    """Delete what a finished rebuild no longer needs. After a crash in here, --prune does it."""
    BackfillRange.objects.using(using).filter(index_id=result.name).delete()
    client().indices.refresh(index=result.name)
    if result.replaced and not result.standby and result.replaced != alias:
        wait_for_inflight_pushes(using)
        lifecycle.delete_indices([result.replaced], using)
    return result


def wait_for_inflight_pushes(
    using: str, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], object] = time.sleep
) -> None:
    """Wait for pushes that may still write to the old index; each of them has an outbox entry."""
    deadline = clock() + conf.PUSH_TIMEOUT  # the longest that a push may take
    while Entry.objects.using(using).exists() and (remaining := deadline - clock()) > 0:
        sleep(min(POLL_INTERVAL, remaining))
