"""Twenty thousand orders get a new mapping while eight clients write and one searches; nothing is lost or hidden."""

import re
import signal
import subprocess

from tests.faults.compare import Difference
from tests.rebuild import stage
from tests.rebuild.marks import HEAVY
from tests.rebuild.stage import ROWS, SLOWLY, Stage, assert_no_client_noticed, ended, said
from tests.support import wait_until

pytestmark = HEAVY
INDEXED = re.compile(r"indexed (\d+) into (\S+), which is live now")


def test_a_rebuild_under_load(staged: Stage) -> None:
    staged.go_on()
    old, before = stage.live(), staged.requests()
    rebuild = staged.command("--rebuild")
    rebuild.start()
    assert ended(rebuild) == 0, said(rebuild)
    during = staged.requests()
    staged.go_on()
    seen, found = staged.end()
    print(
        f"\np99 of requests: {stage.p99(seen.seconds[:before]):.3f} s before the rebuild, "
        f"{stage.p99(seen.seconds[before:during]):.3f} s during it ({during - before} requests, "
        f"{found.searches} searches)"
    )
    assert_no_client_noticed(seen, found)
    assert stage.live().name != old.name
    assert stage.live().fingerprint != old.fingerprint
    assert stage.newer_difference() == Difference()


def test_a_rebuild_that_is_killed_and_resumed(staged: Stage) -> None:
    """Its workers end with it; what they had confirmed is not read again."""
    old = stage.live()
    rebuild = staged.command("--rebuild", *SLOWLY)
    rebuild.start()
    stage.wait_for_the_middle()
    workers = rebuild.children()
    rebuild.signal(signal.SIGKILL)
    ended(rebuild)
    wait_until(lambda: not running(workers), 10, "its workers go on without it")
    kept, new = stage.filled(), stage.building_name()
    assert stage.live().name == old.name
    staged.go_on()
    resumed = staged.command("--resume", log="resumed")
    resumed.start()
    assert ended(resumed) == 0, said(resumed)
    [(indexed, name)] = INDEXED.findall(said(resumed))
    assert stage.live().name == name == new
    assert int(indexed) < ROWS + kept, "it started from the beginning"
    staged.go_on()
    assert_no_client_noticed(*staged.end())
    assert stage.newer_difference() == Difference()


def running(pids: list[int]) -> list[str]:
    """Return those of these processes that still run; a zombie does not."""
    names = ",".join(map(str, pids))
    found = subprocess.run(["ps", "-o", "stat=", "-p", names], capture_output=True, text=True, check=False)
    return [state for state in found.stdout.split() if not state.startswith("Z")]
