"""Under every fault: no 5xx, no delayed request, no visible rollback, and index equals database 15 s afterwards."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
from django.core.management import call_command

from order_search.documents import OrderDocument
from search.models import Index
from tests.faults import faults
from tests.faults.compare import difference
from tests.faults.scene import Play, Scene, assert_no_request_waited, assert_nothing_lost, play, staged
from tests.faults.service import Program
from tools.fault_proxy import Fault

pytestmark = [pytest.mark.faults, pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(180)]
SEED = 20_240
FROZEN = 5.0  # seconds


def proxied(make: Callable[[], Fault]) -> Play:
    """Return the play of a fault of the proxy."""

    def fault(scene: Scene) -> AbstractContextManager[object]:
        return scene.proxy.during(make())

    return fault


def live_index() -> str:
    """Return the name of the orders' live index."""
    return Index.objects.live().get(alias=OrderDocument._index._name).name


@contextmanager
def closed_index(scene: Scene) -> Iterator[None]:
    """Close the live index, and open it again after the fault."""
    name = live_index()
    scene.engine.indices.close(index=name)
    yield
    scene.engine.indices.open(index=name)
    scene.engine.cluster.health(index=name, wait_for_status="yellow")


@contextmanager
def deleted_index(scene: Scene) -> Iterator[None]:
    """Delete the live index. Nothing creates it again until an operator rebuilds it."""
    name = live_index()
    scene.engine.indices.delete(index=name)
    yield
    assert not scene.engine.indices.exists(index=f"{OrderDocument._index._name}*", allow_no_indices=False)
    call_command("search_index", "--rebuild", "-f")


@contextmanager
def killed_relay(scene: Scene) -> Iterator[None]:
    """Kill the relay, and start it again after the fault."""
    with scene.proxy.during(faults.ItemsRefused(share=0.3)):  # so that it is in the middle of a batch
        sleep(2)
        kill(scene.service.relay)
        yield
    scene.service.relay.start()


@contextmanager
def killed_worker(scene: Scene) -> Iterator[None]:
    """Kill a worker of gunicorn, whose master starts another one."""
    (worker, *_) = scene.service.web.children()
    signal_to(worker, signal.SIGKILL)
    yield


@contextmanager
def killed_service(scene: Scene) -> Iterator[None]:
    """Kill all processes of gunicorn at once, and start it again."""
    workers = scene.service.web.children()
    kill(scene.service.web)
    for worker in workers:
        signal_to(worker, signal.SIGKILL)
    sleep(1)
    scene.service.web.start()
    scene.service.wait()
    yield


@contextmanager
def stopped_relay(scene: Scene) -> Iterator[None]:
    """Freeze the relay for 5 s in the middle of a batch."""
    with scene.proxy.during(faults.ItemsRefused(share=0.3)):
        sleep(1)
        scene.service.relay.signal(signal.SIGSTOP)
        until = monotonic() + FROZEN
        yield
        sleep(max(0.0, until - monotonic()))
    scene.service.relay.signal(signal.SIGCONT)


@contextmanager
def stopped_worker(scene: Scene) -> Iterator[None]:
    """Freeze a worker for 5 s in the middle of its requests."""
    (worker, *_) = scene.service.web.children()
    signal_to(worker, signal.SIGSTOP)
    sleep(FROZEN)
    signal_to(worker, signal.SIGCONT)
    yield


def kill(program: Program) -> None:
    """Kill a program and wait for its end."""
    program.signal(signal.SIGKILL)
    assert program.process is not None
    program.process.wait()


def signal_to(pid: int, number: int) -> None:
    """Send a signal to a process that is not a child of this one."""
    os.kill(pid, number)


ENGINE_FAULTS: dict[str, Play] = {
    "none": proxied(Fault),
    "refused": proxied(faults.Refused),
    "black hole": proxied(faults.BlackHole),
    "slow": proxied(faults.Slow),
    "drip": proxied(faults.Drip),
    "answer lost": proxied(faults.AnswerLost),
    "late": proxied(faults.Late),
    "503": proxied(lambda: faults.Status(503)),
    "429": proxied(lambda: faults.Status(429)),
    "items 429": proxied(faults.ItemsRefused),
    "reset in mid-body": proxied(faults.ResetInMidBody),
    "flapping": proxied(faults.Flapping),
    "closed index": closed_index,
    "deleted index": deleted_index,
    "killed relay": killed_relay,
    "stopped relay": stopped_relay,
}
# These faults themselves make requests fail or wait: only lost changes count.
PROCESS_FAULTS: dict[str, Play] = {
    "killed worker": killed_worker,
    "killed service": killed_service,
    "stopped worker": stopped_worker,
}


@pytest.fixture
def scene(indices: object, tmp_path: Path) -> Iterator[Scene]:
    with staged(indices, tmp_path) as found:  # type: ignore[arg-type]
        yield found


@pytest.mark.parametrize("name", ENGINE_FAULTS)
def test_a_fault_of_the_engine_affects_no_request(scene: Scene, name: str) -> None:
    outcome = play(scene, ENGINE_FAULTS[name], seed=SEED)
    print(f"{name}: {outcome}")
    assert outcome.seen.failures == []
    assert_no_request_waited(outcome)
    assert_nothing_lost(outcome, scene)


@pytest.mark.parametrize("name", PROCESS_FAULTS)
def test_a_process_that_dies_or_freezes_loses_nothing(scene: Scene, name: str) -> None:
    outcome = play(scene, PROCESS_FAULTS[name], seed=SEED)
    print(f"{name}: {outcome}")
    assert_nothing_lost(outcome, scene)


def test_the_suite_sees_what_the_plain_design_loses(indices: object, tmp_path: Path) -> None:
    """Receivers that index inside the transaction, without versions, while the engine is flapping."""
    with staged(indices, tmp_path, relay=False, PLAIN_DESIGN="1") as scene:  # type: ignore[arg-type]
        outcome = play(scene, proxied(faults.Flapping), seed=SEED, heal=3)  # it never heals
    print(outcome)
    assert outcome.rolled_back
    assert outcome.difference.missing
    assert outcome.difference.stale
    assert outcome.difference.orphaned
    assert difference()
