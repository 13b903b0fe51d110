"""A fault's whole run: the workload under it, its end, and how soon the index equals the database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from elasticsearch import Elasticsearch

from tests.faults.compare import Difference, Watch, difference, waiting
from tests.faults.proxy import FaultProxy
from tests.faults.service import Service
from tests.faults.workload import Seen, Workload

HEAL = 15.0  # seconds after the fault's end in which the index must equal the database
CALM = 1.0  # seconds of work before the fault and after it


@dataclass
class Scene:
    """What a fault may break."""

    proxy: FaultProxy
    service: Service
    engine: Elasticsearch  # past the proxy


Play = Callable[[Scene], AbstractContextManager[object]]


@dataclass
class Outcome:
    """What came of it."""

    seen: Seen
    difference: Difference
    waiting: dict[str, int]
    rolled_back: set[str]  # ids of documents that must never have been
    healed: float  # seconds from the fault's end until nothing differed

    def __str__(self) -> str:
        marks = ", ".join(f"{mark} {count}" for mark, count in sorted(self.seen.marks.items()))
        return (
            f"{len(self.seen.seconds)} requests ({marks}), slowest {self.seen.slowest:.2f} s, "
            f"failures {len(self.seen.failures)}, healed after {self.healed:.1f} s, "
            f"missing {len(self.difference.missing)}, stale {len(self.difference.stale)}, "
            f"orphaned {len(self.difference.orphaned)}, rolled back and seen {len(self.rolled_back)}"
        )


@contextmanager
def staged(engine: Elasticsearch, folder: Path, *, relay: bool = True, **environment: str) -> Iterator[Scene]:
    """A proxy before the engine and the service behind it."""
    url = next(iter(engine.transport.node_pool.all())).base_url
    proxy = FaultProxy(url)
    try:
        with Service(proxy.url, folder, relay=relay, **environment) as service:
            yield Scene(proxy, service, engine)
    finally:
        proxy.close()


def play(scene: Scene, fault: Play, *, seed: int, seconds: float = 6.0) -> Outcome:
    """Run the workload, the fault in the midst of it, and wait until nothing differs."""
    work = Workload(scene.service.port, seed=seed, seconds=seconds + 2 * CALM)
    watch = Watch(scene.engine)
    watch.start()
    work.start()
    sleep(CALM)
    with fault(scene):
        sleep(seconds)
    ended = monotonic()
    seen = work.join()
    while (differs := difference()) or waiting():
        if monotonic() - ended > HEAL:
            break
        sleep(0.2)
    return Outcome(seen, differs, waiting(), watch.stop(), monotonic() - ended)
