"""One of the processes that fill is killed: the rebuild ends with one line and without the others, and is resumed."""

import os
import signal
import subprocess
from pathlib import Path

from tests.faults.compare import Difference
from tests.faults.service import Program, Service
from tests.rebuild import stage
from tests.rebuild.marks import HEAVY
from tests.rebuild.stage import SLOWLY, ended, said

pytestmark = HEAVY


def test_a_worker_is_killed(newer_service: Service, tmp_path: Path) -> None:
    old = stage.live().name
    rebuild = stage.command(newer_service, tmp_path / "rebuild.log", "--rebuild", *SLOWLY)
    rebuild.start()
    stage.wait_for_the_middle()
    one, _ = workers(rebuild)
    os.kill(one, signal.SIGKILL)
    assert ended(rebuild, 60) == 1
    assert said(rebuild).splitlines()[-1] == (
        "CommandError: A worker process of the rebuild has died. Run `manage.py search_index --resume`."
    )
    assert (workers(rebuild), stage.live().name) == ([], old)
    new = stage.building_name()
    resumed = stage.command(newer_service, tmp_path / "resumed.log", "--resume")
    resumed.start()
    assert ended(resumed) == 0, said(resumed)
    assert stage.live().name == new
    assert stage.newer_difference() == Difference()


def workers(rebuild: Program) -> list[int]:
    """Return the worker processes; multiprocessing has one more of its own."""
    found = subprocess.run(
        ["pgrep", "-P", str(rebuild.pid), "-f", "spawn_main"], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in found.stdout.split()]
