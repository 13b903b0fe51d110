"""A rebuild's and a comparison's memory does not grow with the table."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from tests.faults.service import Service
from tests.rebuild.marks import HEAVY
from tests.rebuild.rows import make_rows
from tools.paths import ROOT

pytestmark = HEAVY
FEW, MANY = 5_000, 60_000  # orders
MOST = 200_000  # kB in one process
GROWTH = 30_000  # kB; a table held in memory would take a hundred thousand
# Says how many kB the largest of a command's processes had.
MEASURE = """
import resource, subprocess, sys
from tools.paths import ROOT
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // (1024 if sys.platform == "darwin" else 1))
sys.exit(code)
"""


def peak(environment: dict[str, str], *arguments: str) -> int:
    """Return the peak memory of a command's largest process in kB; the command must succeed."""
    command = [sys.executable, "-c", MEASURE, sys.executable, "manage.py", *arguments, "--models", "orders"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_memory_does_not_grow_with_the_rows(indices: object, tmp_path: Path) -> None:
    service = Service(settings.ELASTICSEARCH_DSL["default"]["hosts"][0], tmp_path)
    environment = os.environ | service.relay.environment
    peaks = {}
    for first, last in ((1, FEW), (FEW + 1, MANY)):
        make_rows(last, first=first)
        peaks[last] = {
            "rebuild": peak(environment, "search_index", "--rebuild", "--workers", "2"),
            "drift": peak(environment, "search_drift"),
        }
    print(f"\nkB at most: {peaks}")
    for command in peaks[FEW]:
        assert peaks[MANY][command] < MOST
        assert peaks[MANY][command] - peaks[FEW][command] < GROWTH
