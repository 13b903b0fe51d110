"""The stage of a live rebuild: many orders in step, the service at work, and the process that rebuilds."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db.models import Sum

from order_search.documents import OrderDocument
from orders.models import Order
from search.models import BackfillRange, Index, IndexState
from search.rebuild.rebuild import Options, rebuild
from tests.faults.compare import Difference, compare, unconfirmed_entries
from tests.faults.service import Program, Service
from tests.faults.workload import CLIENTS, Seen, Workload
from tests.rebuild.newer.shape import newer
from tests.rebuild.rows import make_rows
from tests.rebuild.searcher import Found, Searcher
from tests.support import in_database, in_index, wait_until

ROWS = 20_000
SLOWLY = ["--workers", "2", "--batch-size", "200", "--throttle", "2500"]  # slow enough to be interrupted
TODAY = "tests.rebuild.todays_settings"
NEWER = "tests.rebuild.settings"
ALIAS = OrderDocument._index._name
HEAL = 30.0  # seconds after the last write until no entry is pending


@dataclass
class Stage:
    """What a test may use."""

    service: Service
    work: Workload
    searcher: Searcher
    folder: Path

    def command(self, *arguments: str, log: str = "rebuild") -> Program:
        """Return a process of newer code that runs search_index, not started yet."""
        return command(self.service, self.folder / f"{log}.log", *arguments)

    def requests(self) -> int:
        """Return how many requests of the clients were answered."""
        return len(self.work.seen.seconds)

    def go_on(self, requests: int = 200) -> None:
        """Wait until the clients have made this many more requests."""
        until = self.requests() + requests
        wait_until(lambda: self.requests() >= until, 60, "the clients do not get on")

    def end(self) -> tuple[Seen, Found]:
        """Stop the clients, and wait until no entry is pending."""
        seen, found = self.work.stop(), self.searcher.stop()
        wait_until(
            lambda: not unconfirmed_entries(), HEAL, f"{unconfirmed_entries()} are unconfirmed\n{self.service.logs()}"
        )
        return seen, found


def prepare(rows: int = ROWS) -> None:
    """Orders, and their index made by today's code."""
    make_rows(rows)
    rebuild(OrderDocument, options=Options(workers=1))


@contextmanager
def staged(service: Service, folder: Path, *, clients: int = CLIENTS, seed: int = 5) -> Iterator[Stage]:
    """Run the service with clients and a searcher; the orders are prepared before."""
    base = Order.objects.filter(order_number__startswith="base").order_by("pk").values_list("pk", flat=True)
    keys = list(base)
    with service:
        work = Workload(service.port, seed=seed, seconds=300, clients=clients)
        searcher = Searcher(service.port, len(keys), kept=f"kept{seed}-")
        try:
            work.start()
            work.hot += keys[:: len(keys) // 100]  # so that they patch all over the table
            searcher.start()
            yield Stage(service, work, searcher, folder)
        finally:
            work.stopped.set()
            searcher.stop()


def command(service: Service, log: Path, *arguments: str) -> Program:
    """Return a process of newer code that runs search_index for the service's database, not started yet."""
    values = service.relay.environment | {"DJANGO_SETTINGS_MODULE": NEWER}
    command = [sys.executable, "manage.py", "search_index", "--models", "orders", *arguments]
    return Program("search_index", command, values, log)


def ended(program: Program, seconds: float = 120) -> int:
    """Wait for a process and return its exit code."""
    assert program.process is not None
    return program.process.wait(seconds)


def said(program: Program) -> str:
    """Return all its output."""
    return program.log.read_text()


def filled() -> int:
    """Return how many documents Elasticsearch has confirmed to the backfill."""
    return BackfillRange.objects.aggregate(done=Sum("indexed"))["done"] or 0


def wait_for_the_middle() -> None:
    """Wait until a rebuild is well started, and assert that it is not near its end."""
    wait_until(lambda: filled() > ROWS // 4, 60, "the rebuild does not get on")
    assert filled() < ROWS // 2, "it is too fast to be caught in the middle"


def building_name() -> str | None:
    """Return the name of the building index; None before it is recorded."""
    return Index.objects.filter(alias=ALIAS, state=IndexState.BUILDING).values_list("name", flat=True).first()


def live() -> Index:
    """Return the record of the live index."""
    return Index.objects.live().get(alias=ALIAS)


def assert_no_client_noticed(seen: Seen, found: Found) -> None:
    """Assert that no request failed, that every search was complete, and that there were enough of both."""
    assert (seen.failures, found.failures, found.wrong) == ([], [], [])
    assert {operation for operation, _ in seen.answers} == {"create", "patch", "delete", "bulk", "rollback"}
    assert found.searches > 20
    assert found.fresh > 5


def newer_difference(name: str | None = None) -> Difference:
    """Compare an index with the documents that the newer code makes: ids, versions, every field."""
    rows = {pk: (version, newer(source)) for pk, (version, source) in in_database(OrderDocument).items()}
    return compare(in_index(OrderDocument, name), rows)


def p99(seconds: list[tuple[float, str]]) -> float:
    """Return the 99th percentile of these requests' seconds."""
    sorted_ = sorted(each for each, _ in seconds)
    return sorted_[len(sorted_) * 99 // 100] if sorted_ else 0.0
