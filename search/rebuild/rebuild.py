"""Rebuild: a new index beside the live one, filled from the database, verified, and swapped in at one stroke.

The order of the steps is what makes it safe: the index is made, then recorded as building (from then on every push
writes to it too), then filled, then compared with the database, then swapped in, then recorded as live. Whatever
stops it before the swap leaves the live index as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep

from django.db import IntegrityError
from django.db.models import Sum

from ..client import client, translate_errors
from ..conf import conf
from ..drift.compare import Comparison
from ..drift.row_diff import DriftKind
from ..exceptions import FingerprintMismatch, NothingToResume, RebuildIncomplete
from ..indices import lifecycle, lock
from ..indices.swap import settle, swap
from ..indices.template import put_template
from ..mapping.base import VersionedDocument
from ..mapping.fingerprint import body, fingerprint
from ..models import BackfillRange, Entry, Index, IndexState
from .backfill import NAMED, Filler, split
from .worker_pool import default_workers, work

WHILE_BUILDING = {"refresh_interval": "-1", "number_of_replicas": 0}  # pushes never wait for a refresh
# dead: a change that this index alone may have refused
WRONG = (DriftKind.MISSING, DriftKind.STALE, DriftKind.ORPHANED, DriftKind.DEAD)
LOOK_AGAIN = 0.05  # seconds
RANGES_A_WORKER = 4  # more than one, so that none waits long for the slowest


def no_report(done: int, total: int, refused: int) -> None:
    """Nobody looks on."""


@dataclass(frozen=True)
class Options:
    """How to rebuild."""

    standby: bool = False  # keep the old index, written, for a rollback
    workers: int = 0  # processes; 0: as many as fit
    batch_size: int = 0  # rows in a chunk; 0: as many as a bulk takes
    throttle: float = 0  # documents a second at most; 0: no limit
    report: Callable[[int, int, int], object] = no_report  # called at each heartbeat


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did."""

    name: str
    indexed: int
    replaced: str
    stands_by: bool
    seconds: float


def rebuild(document: type[VersionedDocument], using: str = "default", options: Options = Options()) -> Rebuilt:
    """Build, fill, verify and swap in a new index; one that an owner has left half built is dropped first."""
    alias = lifecycle.alias_of(document)
    with translate_errors():
        settle(alias, using)
        put_template(alias)
        lifecycle.behind(alias, using)  # a real index of the alias's name stops it here
        for abandoned in Index.objects.using(using).filter(alias=alias, state=IndexState.BUILDING):
            lock.take(abandoned, using)  # so that nobody resumes it meanwhile
            discard(abandoned.name, using)
        return finish(document, begin(document, using), using, options)


def resume(document: type[VersionedDocument], using: str = "default", options: Options = Options()) -> Rebuilt:
    """Go on with an interrupted rebuild. NothingToResume, FingerprintMismatch, RebuildRunning."""
    alias = lifecycle.alias_of(document)
    with translate_errors():
        if swapped := settle(alias, using, fate(options)):
            name, replaced = swapped
            return clear(Rebuilt(name, 0, replaced, keeps(replaced, alias, options), 0.0), alias, using)
        index = interrupted(document, using)
        lock.take(index, using)
        return finish(document, index, using, options)


def interrupted(document: type[VersionedDocument], using: str) -> Index:
    """The index that an owner has left half built. NothingToResume, FingerprintMismatch."""
    alias = lifecycle.alias_of(document)
    index = Index.objects.using(using).filter(alias=alias, state=IndexState.BUILDING).first()
    if not index or not lifecycle.exists(index.name):
        raise NothingToResume(alias)
    if index.fingerprint != fingerprint(document):
        raise FingerprintMismatch(alias)
    return index


def begin(document: type[VersionedDocument], using: str) -> Index:
    """Make the new index and record it as building, owned by this process."""
    name = lifecycle.make(document, **WHILE_BUILDING)
    try:
        return lifecycle.record_building(document, name, using, owner=lock.me())
    except IntegrityError:
        client().indices.delete(index=name)
        raise lock.quicker(lifecycle.alias_of(document), using) from None


def finish(document: type[VersionedDocument], index: Index, using: str, options: Options) -> Rebuilt:
    """Fill, verify, swap and record. What the rows are to blame for drops the index; all else leaves it to --resume."""
    began = monotonic()
    try:
        indexed = fill(document, index, using, options)
        verify(document, index, using)
        lock.confirm(index, using)
        swap(index.alias, lifecycle.behind(index.alias, using), index.name)
    except RebuildIncomplete:
        discard(index.name, using)
        raise
    except BaseException:
        lock.release(index, using)
        raise
    alias, replaced = index.alias, lifecycle.record_live(index.alias, index.name, using, fate(options))
    done = Rebuilt(index.name, indexed, replaced, keeps(replaced, alias, options), monotonic() - began)
    return clear(done, alias, using)


def fill(document: type[VersionedDocument], index: Index, using: str, options: Options) -> int:
    """Backfill what is not done; how many documents were written. RebuildIncomplete names what was refused."""
    filler = Filler(document, index.name, using, size=options.batch_size, throttle=options.throttle)
    with lock.Keeper(index, using, lambda: None):  # a large table is not cut in a moment
        total = filler.rows().count()
        workers = options.workers or default_workers(using, total)
        ranges = list(index.ranges.using(using).order_by("number")) or split(filler, index, workers * RANGES_A_WORKER)

    def report() -> tuple[int, int]:
        sums = (
            BackfillRange.objects.using(using)
            .filter(index=index)
            .aggregate(done=Sum("indexed"), refused=Sum("refusals"))
        )
        options.report(sums["done"] or 0, total, sums["refused"] or 0)
        return sums["done"] or 0, sums["refused"] or 0

    with lock.Keeper(index, using, report):
        work(filler, index, ranges, workers)
    indexed, refusals = report()
    if refusals:
        named = [one for part in BackfillRange.objects.using(using).filter(index=index) for one in part.refused]
        raise RebuildIncomplete(f"{refusals} refused: {', '.join(named[:NAMED])}")
    return indexed


def verify(document: type[VersionedDocument], index: Index, using: str) -> None:
    """Give the index its lasting settings and compare it with the database. RebuildIncomplete names what differs."""
    settings = body(document)["settings"]
    lasting = {name: settings.get(name) for name in WHILE_BUILDING}  # none: the engine's default
    client().indices.put_settings(index=index.name, settings=lasting)
    with lock.Keeper(index, using, lambda: None):
        report = Comparison(document, index.name, using).run()
    if count := sum(report.counts[kind] for kind in WRONG):
        named = [f"{one} {kind}" for kind in WRONG for one in report.ids[kind]]
        raise RebuildIncomplete(f"{count} differ: {', '.join(named[:NAMED])}")


def fate(options: Options) -> IndexState:
    """What the old index becomes."""
    return IndexState.STANDBY if options.standby else IndexState.RETIRED


def keeps(replaced: str, alias: str, options: Options) -> bool:
    """Whether the old index stands by. An adopted one cannot: its name is the alias now."""
    return options.standby and replaced not in ("", alias)


def clear(done: Rebuilt, alias: str, using: str) -> Rebuilt:
    """Clear up behind a swap. What a crash leaves here, --prune removes."""
    BackfillRange.objects.using(using).filter(index_id=done.name).delete()
    client().indices.refresh(index=done.name)
    if done.replaced and not done.stands_by and done.replaced != alias:
        outlast_pushes(using)
        discard(done.replaced, using)
    return done


def outlast_pushes(using: str) -> None:
    """Wait until no request's push names the old index any more: none is under way without an entry in the outbox."""
    until = monotonic() + conf.PUSH_TIMEOUT  # the longest that one may take
    while Entry.objects.using(using).exists() and (left := until - monotonic()) > 0:
        sleep(min(LOOK_AGAIN, left))


def discard(name: str, using: str) -> None:
    """Forget an index, so that it is no target any more, and delete it."""
    Index.objects.using(using).filter(name=name).delete()
    client().indices.delete(index=name, ignore_unavailable=True)
