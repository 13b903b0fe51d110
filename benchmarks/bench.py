"""A benchmark: contenders take turns at the same work, and targets compare their figures."""

import gc
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from benchmarks.scale import Scale
from benchmarks.servers import Servers
from tools.comparison import Difference
from tools.supervisor import Supervisor

Figures = dict[str, float]  # the figures of one turn, by name; a name ends with the unit


class Figure(NamedTuple):
    """One figure of one contender."""

    contender: str
    name: str


@dataclass(frozen=True)
class Target:
    """A limit for a figure, or for its ratio to a figure of another contender in the same round."""

    text: str
    figure: Figure
    baseline: Figure | None
    limit: float
    at_least: bool = False
    allowance: float = 0.0  # subtracted from the figure before it is compared


class Bench(ABC):
    """One benchmark. Its docstring says what is measured. The supervisor ends the programs that it starts."""

    name: str
    title: str
    contenders: list[str]
    targets: list[Target]
    warm = True  # whether each contender has one unrecorded turn first
    method = 1  # incremented when its figures are measured differently, which makes earlier ones incomparable
    over = ""  # the unit of the contenders, if they are one design at several sizes

    def __init__(self, servers: Servers, scale: Scale, supervisor: Supervisor) -> None:
        self.servers = servers
        self.scale = scale
        self.supervisor = supervisor

    @abstractmethod
    def prepare(self) -> None:
        """Start and create what the turns need."""

    @abstractmethod
    def turn(self, contender: str, number: int) -> Figures:
        """Let one contender do the work once."""

    def final_difference(self, contender: str) -> Difference | None:
        """Return the wrong documents after all turns, or None if the contender has no index."""
        return None

    def close(self) -> None:  # noqa: B027  # most benchmarks have nothing to remove
        """Remove what no other benchmark uses, after the programs have ended."""

    def rows(self) -> int:
        """Return the number of orders in the table at the beginning."""
        return 0


def run(bench: Bench) -> dict[str, Any]:
    """Run all rounds, each with one turn a contender in another order. Return the result, ready for JSON."""
    bench.prepare()
    turns: dict[str, list[Figures]] = {contender: [] for contender in bench.contenders}
    warm = bench.warm and bench.scale.rounds > 1  # the figures of a single short round are meaningless anyway
    for number in range(-1 if warm else 0, bench.scale.rounds):
        for contender in rotated(bench.contenders, number):
            gc.collect()
            figures = bench.turn(contender, number)
            print(
                f"  {bench.name}, round {number + 1}, {contender}: {format_figures(figures)}",
                file=sys.stderr,
                flush=True,
            )
            if number >= 0:
                turns[contender].append(figures)
    differences = {contender: bench.final_difference(contender) for contender in bench.contenders}
    targets = [evaluate(target, turns) for target in bench.targets]
    for target in targets:
        print(f"  {bench.name}: {verdict(target)}", file=sys.stderr, flush=True)
    return {
        "title": bench.title,
        "method": bench.method,
        "about": about(type(bench)),
        "rows": bench.rows(),
        "rounds": bench.scale.rounds,
        "over": bench.over,
        "contenders": {
            contender: {
                "turns": contender_turns,
                "wrong": difference._asdict() if (difference := differences[contender]) else None,
            }
            for contender, contender_turns in turns.items()
        },
        "targets": targets,
    }


def about(bench: type[Bench]) -> str:
    return " ".join((bench.__doc__ or "").split())


def rotated(contenders: list[str], number: int) -> list[str]:
    """Return the contenders in the order of this round, so that none is always the first."""
    first = number % len(contenders)
    return contenders[first:] + contenders[:first]


def evaluate(target: Target, turns: dict[str, list[Figures]]) -> dict[str, Any]:
    """Return a target with its value in each round, ready for JSON."""
    figure, baseline = target.figure, target.baseline
    values = [turn[figure.name] - target.allowance for turn in turns[figure.contender]]
    divisors = [turn[baseline.name] for turn in turns[baseline.contender]] if baseline else [1.0] * len(values)
    return {
        "text": target.text,
        "figure": figure.name,
        "limit": target.limit,
        "at_least": target.at_least,
        "is_ratio": baseline is not None,
        "values": [value / divisor for value, divisor in zip(values, divisors, strict=True)],
    }


def is_reached(target: dict[str, Any]) -> bool:
    value = median(target["values"])
    return bool(value >= target["limit"] if target["at_least"] else value <= target["limit"])


def verdict(target: dict[str, Any]) -> str:
    result = "reached" if is_reached(target) else "missed"
    return f"{target['text']}: {median(target['values']):,.3g} of {target['limit']:g}, {result}"


def format_figures(figures: Figures) -> str:
    return ", ".join(f"{name} {value:,.2f}" for name, value in figures.items())
