"""The stage of a live rebuild: many orders in step, the service at work, and the process that rebuilds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Sum

from search.documents import OrderDocument
from search.index.rebuild import Options, rebuild
from search.models import Index, IndexState, Range
from tests.faults.compare import Difference, compare, waiting
from tests.faults.service import Program, Service
from tests.faults.workload import Seen, Workload
from tests.rebuild.newer.shape import newer
from tests.rebuild.rows import make_rows
from tests.rebuild.searcher import Found, Searcher
from tests.support import in_database, in_index, wait_until

ROWS = 20_000
NEWER = "tests.rebuild.settings"
ALIAS = OrderDocument._index._name
HEAL = 30.0  # seconds after the last write in which nothing may wait any more


@dataclass
class Stage:
    """What a test may use."""

    service: Service
    work: Workload
    searcher: Searcher
    folder: Path

    def command(self, *arguments: str, log: str = "rebuild") -> Program:
        """A process of newer code that runs search_index; not started yet."""
        values = self.service.relay.environment | {"DJANGO_SETTINGS_MODULE": NEWER}
        command = ["manage.py", "search_index", "--models", "orders", *arguments]
        return Program(log, command, values, self.folder / f"{log}.log")

    def requests(self) -> int:
        """How many requests the clients have had answered."""
        return len(self.work.seen.seconds)

    def go_on(self, requests: int = 200) -> None:
        """Return when the clients have done so many more."""
        until = self.requests() + requests
        wait_until(lambda: self.requests() >= until, 60, "the clients do not get on")

    def end(self) -> tuple[Seen, Found]:
        """Stop the clients, and wait until nothing waits."""
        seen, found = self.work.stop(), self.searcher.stop()
        wait_until(lambda: not waiting(), HEAL, f"{waiting()} still wait\n{self.service.logs()}")
        return seen, found


@contextmanager
def staged(url: str, folder: Path, *, rows: int = ROWS, settings: str = NEWER, **options: Any) -> Iterator[Stage]:
    """Orders, their index made by today's code, and the service of `settings` with eight clients and a searcher."""
    make_rows(rows)
    rebuild(OrderDocument, options=Options(workers=1))
    with Service(url, folder, DJANGO_SETTINGS_MODULE=settings, **options) as service:
        work, searcher = Workload(service.port, seed=5, seconds=300), Searcher(service.port, rows)
        try:
            work.start()
            work.hot += range_of_rows(rows)
            searcher.start()
            yield Stage(service, work, searcher, folder)
        finally:
            work.stopped.set()
            searcher.stop()


def range_of_rows(rows: int) -> list[int]:
    """The keys of a hundred orders, from the first to the last."""
    keys = list(OrderDocument.django.model.objects.filter(order_number__startswith="base").values_list("pk", flat=True))
    assert len(keys) == rows
    return sorted(keys)[:: rows // 100]


def ended(program: Program, seconds: float = 120) -> int:
    """Wait for a process; its exit code."""
    assert program.process is not None
    return program.process.wait(seconds)


def said(program: Program) -> str:
    """All that it said."""
    return program.log.read_text()


def filled() -> int:
    """How many documents the engine has confirmed to the backfill."""
    return Range.objects.aggregate(done=Sum("indexed"))["done"] or 0


def in_the_middle(least: int = ROWS // 4) -> Callable[[], bool]:
    """Whether a rebuild is well under way and not near its end."""
    return lambda: filled() >= least


def building() -> Index:
    """The index that is being built."""
    return Index.objects.get(alias=ALIAS, state=IndexState.BUILDING)


def live() -> Index:
    """The index that is searched, as the database has it."""
    return Index.objects.live().get(alias=ALIAS)


def newer_difference(name: str | None = None) -> Difference:
    """Where an index differs from what the newer code makes of the database: ids, versions, every field."""
    rows = {pk: (version, newer(source)) for pk, (version, source) in in_database(OrderDocument).items()}
    return compare(in_index(OrderDocument, name), rows)


def p99(seconds: list[tuple[float, str]]) -> float:
    """The time within which 99 of a hundred of these requests were answered."""
    sorted_ = sorted(each for each, _ in seconds)
    return sorted_[len(sorted_) * 99 // 100] if sorted_ else 0.0
