"""The results that are kept: the newest of each benchmark counts, compared with an earlier one of the same code."""

import json
import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).resolve().parent / "results"
LEAST_DISTANCE = timedelta(hours=1)  # between two runs that show whether a figure is reproducible
NOT_THE_MACHINE = {"date": "", "code": ""}  # the parts of a machine's description that do not describe the machine
Run = dict[str, Any]  # a file that script/benchmark writes


class Result(NamedTuple):
    """The result of one benchmark, with the machine and the date."""

    machine: dict[str, Any]
    content: dict[str, Any]

    @property
    def date(self) -> datetime:
        """The start of its run."""
        return datetime.fromisoformat(self.machine["date"])

    @property
    def code(self) -> str:
        """The code that was measured, or an empty text if the run does not say."""
        return str(self.machine.get("code", ""))

    def is_of_same_code(self, other: "Result") -> bool:
        """Return whether both are known to be of the same code: other code may be faster, which is no noise."""
        return bool(self.code) and self.code == other.code

    def is_of_other_machine(self, other: "Result") -> bool:
        return (self.machine | NOT_THE_MACHINE) != (other.machine | NOT_THE_MACHINE)

    def is_comparable(self, other: "Result") -> bool:
        alike = all(self.content.get(name, 1) == other.content.get(name, 1) for name in ("rows", "method"))
        return alike and self.is_of_same_code(other) and not self.is_of_other_machine(other)


class Measured(NamedTuple):
    """A benchmark's newest result, and the newest comparable one that is at least an hour older."""

    name: str
    newest: Result
    earlier: Result | None


def read(folder: Path = FOLDER) -> list[Run]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def keep(path: Path, folder: Path = FOLDER) -> None:
    folder.mkdir(exist_ok=True)
    shutil.copy(path, folder / path.name)


def merged(runs: Iterable[Run], names: Iterable[str]) -> list[Measured]:
    """Return the results that count of each measured benchmark, in the order of the names."""
    measured = []
    for name in names:
        results = [Result(run["machine"], run["benches"][name]) for run in runs if name in run["benches"]]
        if results:
            newest = max(results, key=lambda result: result.date)
            measured.append(Measured(name, newest, earlier(newest, results)))
    return measured


def earlier(newest: Result, results: list[Result]) -> Result | None:
    before = [
        result for result in results if result.date <= newest.date - LEAST_DISTANCE and result.is_comparable(newest)
    ]
    return max(before, key=lambda result: result.date, default=None)
