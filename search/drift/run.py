"""One drift run: compare the live index of a document, repair it on request, and store the result. Or watch."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.db import DEFAULT_DB_ALIAS, close_old_connections
from django.utils import timezone

from ..client import translate_errors
from ..indices import aliases
from ..mapping.base import VersionedDocument
from ..models import Index
from .compare import Comparison, Report
from .repair import repair
from .row_diff import NOT_DRIFT

MAX_TIME_SHARE = 0.2  # of the time that watching may spend in runs, however short the interval


@dataclass(frozen=True)
class DriftRun:
    """The result of one run."""

    alias: str
    report: Report
    seconds: float
    repaired: int | None = None  # documents; None without repair

    @property
    def resolved(self) -> bool:
        """True if nothing drifted, or if all drift was repaired and confirmed."""
        return self.report.drifted == (self.repaired or 0)

    def as_json(self) -> dict[str, Any]:
        """Return the run as `search_drift --json` prints it."""
        report = self.report
        kinds = {str(kind): {"count": count, "ids": report.ids[kind]} for kind, count in report.counts.items()}
        return {
            "alias": self.alias,
            "index": report.index,
            "rows": report.rows,
            "documents": report.documents,
            "in_step": report.in_step,
            **kinds,
            "repaired": self.repaired,
            "seconds": round(self.seconds, 3),
        }


def check_drift(
    document: type[VersionedDocument],
    using: str = DEFAULT_DB_ALIAS,
    *,
    deep: bool = False,
    with_repair: bool = False,
    since: int = 0,
) -> DriftRun:
    """Compare a document's live index with the database, and repair it if `with_repair` is set.

    `deep` compares contents too, `since` (a version) only rows changed since. Raise NoIndex, AliasMismatch or an error
    of Elasticsearch if the index cannot be compared.
    """
    alias, started = aliases.alias_of(document), monotonic()
    with translate_errors():
        comparison = Comparison(document, aliases.searched_index(alias, using), using, since=since, deep=deep)
        repaired = None
        if with_repair:
            repaired = repair(document, comparison.report.index, comparison.differences(), using)
        else:
            comparison.run()
    run = DriftRun(alias, comparison.report, monotonic() - started, repaired)
    save_result(run, using)
    return run


def save_result(run: DriftRun, using: str) -> None:
    """Store on the index when it was compared and what drift is left, for `search_index --list` and the metrics."""
    left = {str(kind): count for kind, count in run.report.counts.items()}
    if run.resolved:
        left |= {kind: 0 for kind in left if kind not in NOT_DRIFT}
    Index.objects.using(using).filter(name=run.report.index).update(verified_at=timezone.now(), drift=left)


def watch(
    run: Callable[[], None],
    interval: float,
    *,
    stop: threading.Event | None = None,
    clock: Callable[[], float] = monotonic,
) -> None:
    """Call `run` every `interval` seconds, and less often if it takes long, until `stop` is set.

    `run` handles its errors: what it raises ends the watch.
    """
    stop = stop or threading.Event()
    while not stop.is_set():
        started = clock()
        run()
        close_old_connections()
        stop.wait(pause(interval, clock() - started))


def pause(interval: float, duration: float) -> float:
    """Return how many seconds to pause after a run that took `duration`, so that MAX_TIME_SHARE is kept."""
    return max(interval - duration, duration / MAX_TIME_SHARE - duration)
