"""The plots of docs/benchmarks.md: the same SVG from the same results, on a light card that reads on dark pages too."""

import io
from statistics import median
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures import number, readable_name, values
from benchmarks.report import plotted, size

OURS, OTHERS, INK, CARD, LINES = "#15803d", "#94a3b8", "#1f2937", "#f8fafc", "#cbd5e1"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "benchmarks",
    "svg.fonttype": "none",  # text stays text
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: sizes are the same everywhere
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINES,
    "axes.facecolor": CARD,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": CARD,
}


def svg(found: dict[str, Any]) -> str:
    """One benchmark's plot; empty where nothing is drawn."""
    names = plotted(found)
    if not names:
        return ""
    with matplotlib.rc_context(STYLE):
        figure = growth(found, names) if found["over"] else bars(found, names)
        return written(figure, found["title"])


def written(figure: Figure, title: str) -> str:
    """As text, without a date."""
    into = io.StringIO()
    figure.savefig(into, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    return "\n".join(line.rstrip() for line in into.getvalue().splitlines()) + "\n"


def bars(found: dict[str, Any], names: list[str]) -> Figure:
    """A bar for each contender, ours in green, with the least and the most as a thin line."""
    contenders = [*found["contenders"]]
    figure = Figure(figsize=(9, 1 + 0.34 * len(contenders)), layout="constrained")
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, names, strict=True):
        draw_bars(axes, {contender: values(found, contender, name) for contender in contenders})
        axes.set_title(readable_name(name), fontsize=9)
    return figure


def draw_bars(axes: Axes, given: dict[str, list[float]]) -> None:
    """One figure of all contenders, the first on top."""
    most = max(max(each) for each in given.values() if each)
    for place, (contender, each) in enumerate(given.items()):
        if each:
            axes.barh(place, median(each), color=OURS if contender.startswith("this project") else OTHERS, height=0.62)
            axes.plot([min(each), max(each)], [place, place], color=INK, linewidth=1)
            axes.text(max(each) + most * 0.02, place, number(median(each)), va="center")
    axes.set_yticks(range(len(given)), [*given])
    axes.set_ylim(len(given) - 0.5, -0.5)
    axes.set_xlim(0, most * 1.22)
    plain(axes)


def growth(found: dict[str, Any], names: list[str]) -> Figure:
    """A line for each figure, over the sizes."""
    figure = Figure(figsize=(9, 2.6 * ((len(names) + 1) // 2)), layout="constrained")
    panels = figure.subplots((len(names) + 1) // 2, 2, squeeze=False).flat
    for axes, name in zip(panels, names, strict=False):
        draw_line(
            axes, {contender: each for contender in found["contenders"] if (each := values(found, contender, name))}
        )
        axes.set_title(readable_name(name), fontsize=9)
        axes.set_xlabel(found["over"])
    for axes in [*panels][len(names) :]:
        axes.set_visible(False)
    return figure


def draw_line(axes: Axes, given: dict[str, list[float]]) -> None:
    """One figure over the sizes, from zero up; equal steps for equal factors."""
    sizes = [int(contender) for contender in given]
    middles = [median(each) for each in given.values()]
    axes.plot(sizes, middles, color=OURS, marker="o", markersize=4)
    axes.vlines(sizes, [min(each) for each in given.values()], [max(each) for each in given.values()], color=INK, lw=1)
    axes.set_xscale("log")
    axes.set_xticks(sizes, [size(contender) for contender in given])
    axes.minorticks_off()
    axes.set_xlim(sizes[0] / 2, sizes[-1] * 2)
    axes.set_ylim(0, max(max(each) for each in given.values()) * 1.2)
    plain(axes)


def plain(axes: Axes) -> None:
    """No more lines than are read."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0)
