"""The plots of docs/benchmarks.md: reproducible SVG on a light background, which is legible on dark pages too."""

import io
from statistics import median
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures import number, readable_name, values
from benchmarks.report import plotted_figures, size

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


def svg(result: dict[str, Any]) -> str:
    """Return a benchmark's plot, or an empty text if it has no figures to plot."""
    names = plotted_figures(result)
    if not names:
        return ""
    with matplotlib.rc_context(STYLE):
        figure = growth(result, names) if result["over"] else bars(result, names)
        return render(figure, result["title"])


def render(figure: Figure, title: str) -> str:
    output = io.StringIO()
    figure.savefig(output, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    return "\n".join(line.rstrip() for line in output.getvalue().splitlines()) + "\n"


def bars(result: dict[str, Any], names: list[str]) -> Figure:
    contenders = [*result["contenders"]]
    figure = Figure(figsize=(9, 1 + 0.34 * len(contenders)), layout="constrained")
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, names, strict=True):
        draw_bars(axes, {contender: values(result, contender, name) for contender in contenders})
        axes.set_title(readable_name(name), fontsize=9)
    return figure


def draw_bars(axes: Axes, rounds_by_contender: dict[str, list[float]]) -> None:
    highest = max(max(rounds) for rounds in rounds_by_contender.values() if rounds)
    for place, (contender, rounds) in enumerate(rounds_by_contender.items()):
        if rounds:
            axes.barh(
                place, median(rounds), color=OURS if contender.startswith("this project") else OTHERS, height=0.62
            )
            axes.plot([min(rounds), max(rounds)], [place, place], color=INK, linewidth=1)
            axes.text(max(rounds) + highest * 0.02, place, number(median(rounds)), va="center")
    axes.set_yticks(range(len(rounds_by_contender)), [*rounds_by_contender])
    axes.set_ylim(len(rounds_by_contender) - 0.5, -0.5)
    axes.set_xlim(0, highest * 1.22)
    remove_lines(axes)


def growth(result: dict[str, Any], names: list[str]) -> Figure:
    figure = Figure(figsize=(9, 2.6 * ((len(names) + 1) // 2)), layout="constrained")
    panels = figure.subplots((len(names) + 1) // 2, 2, squeeze=False).flat
    for axes, name in zip(panels, names, strict=False):
        draw_line(
            axes,
            {contender: rounds for contender in result["contenders"] if (rounds := values(result, contender, name))},
        )
        axes.set_title(readable_name(name), fontsize=9)
        axes.set_xlabel(result["over"])
    for axes in [*panels][len(names) :]:
        axes.set_visible(False)
    return figure


def draw_line(axes: Axes, rounds_by_size: dict[str, list[float]]) -> None:
    sizes = [int(size) for size in rounds_by_size]
    all_rounds = [*rounds_by_size.values()]
    middles = [median(rounds) for rounds in all_rounds]
    axes.plot(sizes, middles, color=OURS, marker="o", markersize=4)
    axes.vlines(sizes, [min(rounds) for rounds in all_rounds], [max(rounds) for rounds in all_rounds], color=INK, lw=1)
    axes.set_xscale("log")
    axes.set_xticks(sizes, [size(contender) for contender in rounds_by_size])
    axes.minorticks_off()
    axes.set_xlim(sizes[0] / 2, sizes[-1] * 2)
    axes.set_ylim(0, max(max(rounds) for rounds in all_rounds) * 1.2)
    remove_lines(axes)


def remove_lines(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0)
