"""What several values of one figure come to, how it is called, and whether it came again."""

from statistics import median
from typing import Any

AGREE = 0.15  # two runs differ by no more than this part of the earlier, or the figure is noisy
UNITS = {"ms": "ms", "us": "µs", "s": "s", "seconds": "s", "mb": "MB", "percent": "%"}
COUNTED = {"failed", "probes", "wrk_cpu_percent"}  # of the load, no result: it need not come again
ONE_RUN = "one run"


def called(figure: str) -> str:
    """A figure's name for readers: p50_ms is p50 (ms)."""
    words, _, unit = figure.rpartition("_")
    if words and unit in UNITS:
        return f"{words.replace('_', ' ')} ({UNITS[unit]})"
    return figure.replace("_", " ")


def number(value: float) -> str:
    """Three digits that count; thousands apart."""
    if value == int(value) or abs(value) >= 999.5:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".") if abs(value) >= 0.001 else f"{value:.4f}"


def spread(values: list[float]) -> str:
    """The median, and how far all were apart."""
    if min(values) == max(values):
        return number(values[0])
    return f"{number(median(values))} ({number(min(values))} to {number(max(values))})"


def values(found: dict[str, Any], contender: str, figure: str) -> list[float]:
    """One figure of all turns of a contender."""
    turns = found["contenders"].get(contender, {"turns": []})["turns"]
    return [turn[figure] for turn in turns if figure in turn]


def named(found: dict[str, Any]) -> list[str]:
    """The figures of a benchmark that say something, in their order."""
    names = {name: None for each in found["contenders"].values() for turn in each["turns"] for name in turn}
    return [name for name in names if name != "failed" or any(of_all(found, name))]


def of_all(found: dict[str, Any], figure: str) -> list[float]:
    """One figure of all contenders' turns."""
    return [value for contender in found["contenders"] for value in values(found, contender, figure)]


def is_noisy(now: list[float], before: list[float]) -> bool:
    """Whether the medians of two runs differ by more than they may."""
    one, other = median(now), median(before)
    return abs(one - other) > AGREE * abs(other)
