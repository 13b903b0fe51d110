"""Results that are kept, and which count: of each benchmark the newest, beside an earlier one of the same code."""

import json
import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).resolve().parent / "results"
APART = timedelta(hours=1)  # so much earlier must a run be to say whether a figure comes again
WHEN_AND_WHAT = {"date": "", "code": ""}  # of what a machine's description says, this is not where and with what
Run = dict[str, Any]  # what script/benchmark writes


class Result(NamedTuple):
    """What one benchmark found, and where and when."""

    machine: dict[str, Any]
    found: dict[str, Any]

    @property
    def date(self) -> datetime:
        """When its run began."""
        return datetime.fromisoformat(self.machine["date"])

    @property
    def code(self) -> str:
        """What code was measured; empty where the run does not say."""
        return str(self.machine.get("code", ""))

    def is_of_same_code(self, other: "Result") -> bool:
        """Whether both are known to be of one code: other code may be faster, and is not noisy for that."""
        return bool(self.code) and self.code == other.code

    def is_elsewhere(self, other: "Result") -> bool:
        """Whether the two are of different machines or versions."""
        return (self.machine | WHEN_AND_WHAT) != (other.machine | WHEN_AND_WHAT)

    def is_comparable(self, other: "Result") -> bool:
        """Whether both measured the same, in the same way and place."""
        alike = all(self.found.get(name, 1) == other.found.get(name, 1) for name in ("rows", "method"))
        return alike and self.is_of_same_code(other) and not self.is_elsewhere(other)


class Measured(NamedTuple):
    """One benchmark's newest result, and the newest that is an hour older and can be compared with it."""

    name: str
    newest: Result
    earlier: Result | None


def read(folder: Path = FOLDER) -> list[Run]:
    """All runs that are kept."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def keep(path: Path, folder: Path = FOLDER) -> None:
    """Keep a run's results."""
    folder.mkdir(exist_ok=True)
    shutil.copy(path, folder / path.name)


def merged(runs: Iterable[Run], names: Iterable[str]) -> list[Measured]:
    """Of each benchmark that was measured, in the order of the names, what counts."""
    measured = []
    for name in names:
        results = [Result(run["machine"], run["benches"][name]) for run in runs if name in run["benches"]]
        if results:
            newest = max(results, key=lambda result: result.date)
            measured.append(Measured(name, newest, earlier(newest, results)))
    return measured


def earlier(newest: Result, results: list[Result]) -> Result | None:
    """The one to compare with."""
    before = [result for result in results if result.date <= newest.date - APART and result.is_comparable(newest)]
    return max(before, key=lambda result: result.date, default=None)
