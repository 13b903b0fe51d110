"""One look at one document's live index: compare, perhaps repair, and remember when and what was found."""

from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.utils import timezone

from ..client import translate_errors
from ..indices import aliases
from ..mapping.base import VersionedDocument
from ..models import Index
from .compare import NO_DRIFT, Comparison, Report
from .repair import repair


@dataclass(frozen=True)
class Inspection:
    """What one look found."""

    alias: str
    report: Report
    seconds: float
    repaired: int | None = None  # documents; None when nobody asked to repair

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do: all was in step, or all that was not has been repaired and confirmed."""
        return self.report.drifted == (self.repaired or 0)

    def as_json(self) -> dict[str, Any]:
        """As --json shows it."""
        report = self.report
        kinds = {str(kind): {"count": count, "ids": report.ids[kind]} for kind, count in report.counts.items()}
        facts = {"alias": self.alias, "index": report.index, "rows": report.rows, "documents": report.documents}
        return facts | {
            "in_step": report.in_step,
            **kinds,
            "repaired": self.repaired,
            "seconds": round(self.seconds, 3),
        }


def inspect(
    document: type[VersionedDocument],
    using: str = "default",
    *,
    deep: bool = False,
    repairs: bool = False,
    since: int = 0,
) -> Inspection:
    """Look at the live index. NoIndex, AliasMismatch and the engine's errors: could not look."""
    alias, began = aliases.alias_of(document), monotonic()
    with translate_errors():
        comparison = Comparison(document, aliases.searched_index(alias, using), using, since=since, deep=deep)
        differences = comparison.differences()
        if repairs:
            repaired: int | None = repair(document, comparison.report.index, differences, using)
        else:
            repaired = None
            for _ in differences:
                pass
    done = Inspection(alias, comparison.report, monotonic() - began, repaired)
    remember(done, using)
    return done


def remember(done: Inspection, using: str) -> None:
    """Note on the index when it was compared, and what is left: for --list and for the metrics."""
    left = {str(kind): count for kind, count in done.report.counts.items()}
    if done.settled:
        left |= {kind: 0 for kind in left if kind not in NO_DRIFT}
    Index.objects.using(using).filter(name=done.report.index).update(verified_at=timezone.now(), drift=left)
