"""One run of a fault: the workload, the fault in the middle of it, and the time until the index equals the database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from django.conf import settings
from django.db import connection
from elasticsearch import Elasticsearch

from orders.models import Order
from tests.faults.compare import Difference, RollbackWatch, difference, unconfirmed_entries
from tests.faults.control import Control
from tests.faults.service import Service
from tests.faults.workload import Seen, Taken, Workload
from tools.fault_proxy import FaultProxy

HEAL_TIMEOUT = 15.0  # seconds after the fault's end in which the index must equal the database
MAX_WORK = 90.0  # seconds that the clients work at most
CALM = 1.0  # seconds of work before the fault and after it
GRACE = 0.5  # seconds beyond SEARCH_PUSH_TIMEOUT that a request may take for all else that it does


@dataclass
class Scene:
    """The parts that a fault may break."""

    proxy: FaultProxy
    service: Service
    engine: Elasticsearch  # without the proxy


Play = Callable[[Scene], AbstractContextManager[object]]


@dataclass
class Outcome:
    """The results of one run."""

    seen: Seen
    difference: Difference
    unconfirmed: dict[str, int]
    rolled_back: set[str]  # ids of documents that must never have existed
    recovery_seconds: float  # seconds from the fault's end until nothing differed
    beyond: list[Taken]  # requests that took longer than the deadline
    held_beyond: list[Taken]  # requests that waited longer than the deadline for their push
    lost: set[int]  # orders whose acknowledged create or delete is not in the database
    noise: float  # seconds of the slowest write without a push

    def __str__(self) -> str:
        marks = ", ".join(f"{mark} {count}" for mark, count in sorted(self.seen.marks.items()))
        return (
            f"{len(self.seen.taken)} requests ({marks}), slowest {self.seen.slowest:.2f} s, held for a push "
            f"{self.seen.longest_held:.2f} s (a write without one {self.noise:.2f} s), too late {len(self.beyond)}, "
            f"failures {len(self.seen.failures)}, recovered after {self.recovery_seconds:.1f} s, "
            f"missing {len(self.difference.missing)}, stale {len(self.difference.stale)}, "
            f"orphaned {len(self.difference.orphaned)}, rolled back and seen {len(self.rolled_back)}"
        )


@contextmanager
def staged(engine: Elasticsearch, folder: Path, *, relay: bool = True, **environment: str) -> Iterator[Scene]:
    """Start the service with a proxy between it and the engine."""
    url = next(iter(engine.transport.node_pool.all())).base_url
    proxy = FaultProxy(url)
    try:
        with Service(proxy.url, folder, relay=relay, **environment) as service:
            yield Scene(proxy, service, engine)
    finally:
        proxy.close()


def play(
    scene: Scene,
    fault: Play,
    *,
    seed: int,
    seconds: float = 4.0,
    pause: float = 0.0,
    heal: float = HEAL_TIMEOUT,
) -> Outcome:
    """Run the workload with the fault in the middle of it, and wait until index and database are equal."""
    work = Workload(scene.service.port, seed=seed, seconds=MAX_WORK, pause=pause)
    watch, control = RollbackWatch(scene.engine), Control()
    watch.start()
    control.start()
    try:
        work.start()
        sleep(CALM)
        with fault(scene):
            sleep(seconds)
        ended = monotonic()
        sleep(CALM)
    finally:
        seen = work.stop()
        control.stop()
    while (differs := difference()) or unconfirmed_entries():
        if monotonic() - ended > heal:
            break
        sleep(0.2)
    recovery_seconds, most = monotonic() - ended, settings.SEARCH_PUSH_TIMEOUT + GRACE
    late = {"beyond": seen.beyond(most, control), "held_beyond": seen.held_beyond(most, control)}
    return Outcome(
        seen,
        differs,
        unconfirmed_entries(),
        watch.stop(),
        recovery_seconds,
        lost=lost(seen),
        noise=control.slowest,
        **late,
    )


def lost(seen: Seen) -> set[int]:
    """Return the orders whose acknowledged create or delete is not in the database."""
    there = set(Order.objects.values_list("pk", flat=True))
    return (seen.made - there) | (seen.deleted & there)


def assert_no_request_waited(outcome: Outcome) -> None:
    """Assert that no request waited for its push beyond the deadline, apart from the machine's noise."""
    assert outcome.held_beyond == []
    if connection.vendor == "postgresql":  # SQLite's writers wait for each other
        assert outcome.beyond == []


def assert_nothing_lost(outcome: Outcome, scene: Scene) -> None:
    """Assert that index and database are equal, nothing acknowledged is lost, and no rolled back change was visible."""
    assert (outcome.difference, outcome.unconfirmed) == (Difference(), {}), scene.service.logs()
    assert (outcome.lost, outcome.rolled_back) == (set(), set())
    assert len(outcome.seen.taken) > 100, "too few requests for a result"
    assert outcome.seen.marks["indexed"], "no request was confirmed apart from the fault"
