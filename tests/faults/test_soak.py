"""Two minutes of random faults, by the command that people run."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

from tools.paths import ROOT


@pytest.mark.faults
@pytest.mark.real
@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_two_minutes_of_faults_in_step_after_each() -> None:
    """Use a database and indices other than those of this process."""
    server, _, name = os.environ["DATABASE_URL"].rpartition("/")
    environment = os.environ | {
        "DATABASE_URL": f"{server}/{name}_soak",
        "TEST_RUN": f"{settings.SEARCH_INDEX_PREFIX}soak",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.soak", "--minutes", "2"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-5000:]
    rounds = re.findall(r"^[a-z0-9 -]+: \d+ requests \(", done.stdout, re.MULTILINE)
    assert len(rounds) > 3
    assert done.stdout.splitlines()[-1] == f"{len(rounds)} faults, in step after each"
