"""Twenty thousand orders get a new mapping while eight clients write and one searches; nothing is lost or hidden."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.faults.compare import Difference
from tests.faults.workload import Seen
from tests.rebuild import stage
from tests.rebuild.searcher import Found
from tests.rebuild.stage import ROWS, Stage, ended, said
from tests.support import wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.real,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]
INDEXED = re.compile(r"indexed (\d+) into (\S+), which is live now")


@pytest.fixture
def staged(indices: object, tmp_path: Path) -> Iterator[Stage]:
    with stage.staged(settings.ELASTICSEARCH_DSL["default"]["hosts"][0], tmp_path) as found:
        yield found


def assert_nobody_noticed(seen: Seen, found: Found) -> None:
    """No request failed, no search failed or saw too little, and there were enough of both."""
    assert (seen.failures, found.failures, found.wrong) == ([], [], [])
    assert {operation for operation, _ in seen.answers} == {"create", "patch", "delete", "bulk", "rollback"}
    assert found.searches > 20
    assert found.fresh > 5


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
        f"{found.searches} searches); {said(rebuild)}"
    )
    assert_nobody_noticed(seen, found)
    assert stage.live().name != old.name
    assert stage.live().fingerprint != old.fingerprint
    assert stage.newer_difference() == Difference()


def test_a_rebuild_that_is_killed_and_resumed(staged: Stage) -> None:
    old = stage.live()
    rebuild = staged.command("--rebuild", "--workers", "2", "--batch-size", "200", "--throttle", "2500")
    rebuild.start()
    wait_until(lambda: stage.filled() > ROWS // 4, 60, "the rebuild does not get on")
    rebuild.signal(signal.SIGKILL)
    ended(rebuild)
    kept, new = stage.filled(), stage.building().name
    assert kept < ROWS, "it was killed too late to say anything"
    assert stage.live().name == old.name
    staged.go_on()
    resumed = staged.command("--resume", log="resumed")
    resumed.start()
    assert ended(resumed) == 0, said(resumed)
    assert stage.live().name == new
    [(indexed, name)] = INDEXED.findall(said(resumed))
    assert name == new
    assert int(indexed) < ROWS + kept, "it began anew"
    staged.go_on()
    assert_nobody_noticed(*staged.end())
    assert stage.newer_difference() == Difference()
