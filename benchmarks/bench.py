"""A benchmark: contenders that take turns at the same work, and what their figures should be to each other."""

import gc
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from benchmarks.scale import Scale
from benchmarks.servers import Ground
from tools.demo.compare import Difference
from tools.supervisor import Supervisor

Figures = dict[str, float]  # of one turn, by name; the name ends with the unit


class Of(NamedTuple):
    """One figure of one contender."""

    contender: str
    figure: str


@dataclass(frozen=True)
class Target:
    """What is to be reached: a figure, or its ratio to another contender's, of the same turn."""

    text: str
    of: Of
    to: Of | None
    limit: float
    at_least: bool = False
    less: float = 0.0  # what is taken from the figure before it is compared


class Bench(ABC):
    """One benchmark. Its docstring says what is measured; what it starts ends with `supervisor`."""

    name: str
    title: str
    contenders: list[str]
    targets: list[Target]
    warm = True  # one turn each goes before, unrecorded
    method = 1  # raised when its figures are got otherwise than before: they compare with none of those
    over = ""  # what the contenders are numbers of, where they are one design at several sizes

    def __init__(self, ground: Ground, scale: Scale, supervisor: Supervisor) -> None:
        self.ground = ground
        self.scale = scale
        self.supervisor = supervisor

    @abstractmethod
    def prepare(self) -> None:
        """Bring up all that the turns need."""

    @abstractmethod
    def turn(self, contender: str, number: int) -> Figures:
        """One contender's turn."""

    def wrong(self, contender: str) -> Difference | None:
        """After all turns, the documents that are wrong; None where there is nothing to be wrong."""
        return None

    def close(self) -> None:  # noqa: B027  # most have nothing
        """Take away what no other benchmark uses; programs have ended by then."""

    def rows(self) -> int:
        """Orders in the table at first."""
        return 0


def run(bench: Bench) -> dict[str, Any]:
    """All turns: each round lets every contender have one, another one first each time. JSON."""
    bench.prepare()
    found: dict[str, list[Figures]] = {contender: [] for contender in bench.contenders}
    warm = bench.warm and bench.scale.rounds > 1  # what one short round finds counts for nothing
    for number in range(-1 if warm else 0, bench.scale.rounds):
        for contender in in_turn(bench.contenders, number):
            gc.collect()
            figures = bench.turn(contender, number)
            print(f"  {bench.name}, round {number + 1}, {contender}: {shown(figures)}", file=sys.stderr, flush=True)
            if number >= 0:
                found[contender].append(figures)
    wrong = {contender: bench.wrong(contender) for contender in bench.contenders}
    targets = [judged(target, found) for target in bench.targets]
    for target in targets:
        print(f"  {bench.name}: {verdict(target)}", file=sys.stderr, flush=True)
    return {
        "title": bench.title,
        "method": bench.method,
        "about": " ".join((bench.__doc__ or "").split()),
        "rows": bench.rows(),
        "rounds": bench.scale.rounds,
        "over": bench.over,
        "contenders": {
            contender: {"turns": turns, "wrong": difference._asdict() if (difference := wrong[contender]) else None}
            for contender, turns in found.items()
        },
        "targets": targets,
    }


def in_turn(contenders: list[str], number: int) -> list[str]:
    """Nobody is always the first."""
    first = number % len(contenders)
    return contenders[first:] + contenders[:first]


def judged(target: Target, found: dict[str, list[Figures]]) -> dict[str, Any]:
    """A target with the value of each round."""
    of = [turn[target.of.figure] - target.less for turn in found[target.of.contender]]
    to = [turn[target.to.figure] for turn in found[target.to.contender]] if target.to else [1.0] * len(of)
    return {
        "text": target.text,
        "figure": target.of.figure,
        "limit": target.limit,
        "at_least": target.at_least,
        "is_ratio": target.to is not None,
        "values": [one / other for one, other in zip(of, to, strict=True)],
    }


def is_reached(target: dict[str, Any]) -> bool:
    """Whether the median is what was aimed at."""
    reached = median(target["values"])
    return bool(reached >= target["limit"] if target["at_least"] else reached <= target["limit"])


def verdict(target: dict[str, Any]) -> str:
    """A target, judged, for the one who waits."""
    reached = "reached" if is_reached(target) else "missed"
    return f"{target['text']}: {median(target['values']):,.3g} of {target['limit']:g}, {reached}"


def shown(figures: Figures) -> str:
    """For the one who waits."""
    return ", ".join(f"{name} {value:,.2f}" for name, value in figures.items())
