"""Branch coverage of a test run: the processes that run tests are measured, and the result has a floor.

coverage starts by itself in each Python process that finds COVERAGE_PROCESS_START in its environment. pytest's workers
remove the variable again (tests/environment.py), so that the services that tests start are not slowed.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ToolError
from tools.paths import ROOT

FOLDER = ROOT / "var" / "coverage"
FLOOR = 92.0  # percent of branches


@dataclass(frozen=True)
class BranchCoverage:
    """The branches of the service's code, and how many of them a test took."""

    covered: int
    total: int

    @property
    def percent(self) -> float:
        return 100 * self.covered / self.total if self.total else 100.0

    @property
    def is_enough(self) -> bool:
        return self.percent >= FLOOR

    def __str__(self) -> str:
        return f"{self.percent:.1f}% of branches are covered ({self.covered} of {self.total}); the floor is {FLOOR:g}%"


def reset(folder: Path = FOLDER) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def variables(folder: Path = FOLDER) -> dict[str, str]:
    return {"COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"), "COVERAGE_FILE": str(folder / "data")}


def combine(folder: Path = FOLDER) -> BranchCoverage:
    """Combine the measurements, write report.txt and report.json to the folder, and return the totals."""
    coverage(folder, "combine", "--quiet", str(folder))
    (folder / "report.txt").write_text(coverage(folder, "report", "--skip-covered", "--show-missing"))
    coverage(folder, "json", "--quiet", "-o", str(folder / "report.json"))
    totals = json.loads((folder / "report.json").read_text())["totals"]
    return BranchCoverage(totals["covered_branches"], totals["num_branches"])


def coverage(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "coverage", arguments[0], f"--data-file={folder / 'data'}", *arguments[1:]]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ToolError(f"coverage {arguments[0]} failed: {(result.stderr or result.stdout).strip()}")
    return result.stdout
