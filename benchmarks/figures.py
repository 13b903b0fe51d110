"""Figures: their names, their summaries over several rounds, and whether they are reproducible."""

from statistics import median
from typing import Any

AGREE = 0.15  # a figure is noisy if two runs differ by more than this part of the earlier one
UNITS = {"ms": "ms", "us": "µs", "s": "s", "seconds": "s", "mb": "MB", "percent": "%"}
COUNTED = {"failed", "probes", "wrk_cpu_percent"}  # describe the load, and need not be reproducible
ONE_RUN = "one run"


def readable_name(figure: str) -> str:
    """Return a figure's name for readers: `p50 (ms)` for p50_ms."""
    words, _, unit = figure.rpartition("_")
    if words and unit in UNITS:
        return f"{words.replace('_', ' ')} ({UNITS[unit]})"
    return figure.replace("_", " ")


def number(value: float) -> str:
    """Format a number with three significant digits and separated thousands."""
    if value == int(value) or abs(value) >= 999.5:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".") if abs(value) >= 0.001 else f"{value:.4f}"


def spread(values: list[float]) -> str:
    if min(values) == max(values):
        return number(values[0])
    return f"{number(median(values))} ({number(min(values))} to {number(max(values))})"


def values(result: dict[str, Any], contender: str, figure: str) -> list[float]:
    turns = result["contenders"].get(contender, {"turns": []})["turns"]
    return [turn[figure] for turn in turns if figure in turn]


def figure_names(result: dict[str, Any]) -> list[str]:
    """Return the names of the figures to be shown, in their order: `failed` only if a request failed."""
    contenders = result["contenders"].values()
    names = {name: None for contender in contenders for turn in contender["turns"] for name in turn}
    return [name for name in names if name != "failed" or any(of_all(result, name))]


def of_all(result: dict[str, Any], figure: str) -> list[float]:
    return [value for contender in result["contenders"] for value in values(result, contender, figure)]


def is_noisy(now: list[float], before: list[float]) -> bool:
    newer, older = median(now), median(before)
    return abs(newer - older) > AGREE * abs(older)
