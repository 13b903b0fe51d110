"""docs/benchmarks.md, written from the results that are kept and the explanations in benchmarks/notes."""

from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import profiles
from benchmarks.bench import about, is_reached
from benchmarks.benches import ALL
from benchmarks.figures import (
    AGREE,
    COUNTED,
    ONE_RUN,
    figure_names,
    is_noisy,
    number,
    of_all,
    readable_name,
    spread,
    values,
)
from benchmarks.results_store import Measured, Result

NOTES = Path(__file__).resolve().parent / "notes"
IMAGES = "images/benchmarks"
TIMES = "×"  # noqa: RUF001  # it is meant
HEAD = """# Benchmarks

This project compared with its alternatives. `script/benchmark --report` writes this page from the runs that are kept in
`benchmarks/results`; the explanations are written by hand.

**Engine, database, services and load share the same {processors} cores: these are ratios, not capacities.** A contender
that leaves more of the cores to the others has better figures, as on any fully used machine.

| contender | what it is |
|---|---|
| no indexing | the same views on the same database, without an index |
| plain without refresh | the same views with django-elasticsearch-dsl's `RealTimeSignalProcessor`, which calls the \
engine in each save |
| plain default | the same with its default, a refresh in each call |
| this project, sync | `SEARCH_PUSH=sync`, the default: a request pushes its changes |
| this project, async | `SEARCH_PUSH=async`: the relay pushes them |
| limit | the speed of the engine itself: ready bulk bodies over kept connections |

All have the same PostgreSQL, Elasticsearch, gunicorn (two workers of eight threads, ten connections each), request
bodies, kept connections, client retries and durability of their rows. A call of the client times out after ten
seconds, and this project's push after one. Contenders take turns: each round has one turn of every contender, starting
with another one each time, while the services of the others run idle. The load, of `wrk`, is pinned to one
processor, and its share of it is shown. A figure is the median of the rounds, with the lowest and the highest of them.
Wrong documents are counted after the last round, when no entry is pending, order by order, including their lines.
PostgreSQL has `fsync` on and 256 MB of shared buffers, Elasticsearch a heap of 1 GB.

## Where and how

{machine}

`script/benchmark --keep` measures everything again on servers of its own, keeps the results and writes this page;
`script/benchmark NAME --keep` does so for one benchmark. A figure is called noisy if its median differs by more
than {agree:.0%} from an earlier run, at least one hour before. `{one_run}` means that there is no such run: it must be
of the same machine, versions, code and method. The code is the same if nothing in `search`, `order_search`,
`orders`, `project` and `gunicorn.conf.py` differs; a run without a recorded code counts as other code.

## The targets

{targets}
"""


def document(measured: list[Measured], notes: Path = NOTES, profiled: Path = profiles.FOLDER) -> str:
    latest = max((benchmark.newest for benchmark in measured), key=lambda result: result.date)
    head = HEAD.format(
        processors=latest.machine["processors"],
        machine=machine(latest.machine),
        agree=AGREE,
        one_run=ONE_RUN,
        targets=table(
            ["work", "target", "limit", "measured", "reached", "again"],
            [row for benchmark in measured for row in targets(benchmark)],
        ),
    )
    return "\n".join([head, *(section(benchmark, latest, notes, profiled) for benchmark in measured)])


def machine(described: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in described["versions"].items())
    return (
        f"{described['date'][:16].replace('T', ' ')} UTC on {described['processors']} cores ({described['processor']}),"
        f" {described['memory_gb']} GB, {described['system']}. {versions}."
    )


def targets(measured: Measured) -> list[list[str]]:
    result = measured.newest.content
    return [
        [
            f"[{result['title']}](#{anchor(result['title'])})",
            target["text"],
            limit(target),
            with_unit(target, spread(target["values"])),
            yes_or_no(target, earlier := before(measured.earlier, target["text"])),
            reproducibility(target["values"], earlier),
        ]
        for target in result["targets"]
    ]


def yes_or_no(target: dict[str, Any], earlier: list[float]) -> str:
    reached = is_reached(target)
    text = "yes" if reached else "**no**"
    if earlier and is_reached({**target, "values": earlier}) != reached:
        return f"{text}, before: {'no' if reached else 'yes'}"
    return text


def limit(target: dict[str, Any]) -> str:
    return with_unit(target, f"{'≥' if target['at_least'] else '≤'} {target['limit']:,g}")


def with_unit(target: dict[str, Any], text: str) -> str:
    """Insert a target's unit after the first number of a text."""
    unit = readable_name(target["figure"]).partition("(")[2].rstrip(")")
    first, space, rest = text.partition(" (")
    return f"{first} {TIMES if target['is_ratio'] else unit}".rstrip() + space + rest


def before(earlier: Result | None, text: str) -> list[float]:
    result = earlier.content["targets"] if earlier else []
    return next((target["values"] for target in result if target["text"] == text), [])


def reproducibility(now: list[float], earlier: list[float]) -> str:
    if not earlier:
        return ONE_RUN
    return f"{'noisy' if is_noisy(now, earlier) else 'agrees'}: {number(median(earlier))}"


def section(measured: Measured, latest: Result, notes: Path, profiled: Path) -> str:
    result, note = measured.newest.content, notes / f"{measured.name}.md"
    parts = [
        f"## {result['title']}",
        description(measured),
        run_line(measured, latest),
        figures(measured),
        plot(measured),
    ]
    if note.exists():
        parts.append(note.read_text().strip())
    if (profile := profiled / f"{profiles.profile_of(measured.name)}.txt").exists():
        parts.append(f"[Profile of a {profile.stem}](../benchmarks/profiles/{profile.name}): where its time goes.")
    return "\n\n".join(part for part in parts if part) + "\n"


def description(measured: Measured) -> str:
    """Return what a benchmark measures: in the words of today's code, unless its method is another one by now."""
    result = measured.newest.content
    methods = {bench.name: bench for bench in ALL if bench.method == result.get("method", 1)}
    return about(methods[measured.name]) if measured.name in methods else str(result["about"])


def run_line(measured: Measured, latest: Result) -> str:
    newest, earlier = measured.newest, measured.earlier
    rows = f", {newest.content['rows']:,} orders in the table" if newest.content["rows"] else ""
    rounds = f"{newest.content['rounds']} round{'s' if newest.content['rounds'] > 1 else ''}"
    text = f"`script/benchmark {measured.name}`: {rounds}{rows}, {newest.date:%Y-%m-%d %H:%M} UTC"
    text += f", code {newest.code}" if newest.code else ""
    text += f"; before that {earlier.date:%Y-%m-%d %H:%M} UTC." if earlier else "."
    if newest.is_of_other_machine(latest):
        text += f" Elsewhere: {machine(newest.machine)}"
    return text


def figures(measured: Measured) -> str:
    result = measured.newest.content
    names = figure_names(result)
    has_wrong = any(contender["wrong"] for contender in result["contenders"].values())
    heads = [
        result["over"] or "contender",
        *map(readable_name, names),
        *(["missing, stale, orphaned"] if has_wrong else []),
        "again",
    ]
    return table(heads, [row(measured, contender, names, has_wrong) for contender in result["contenders"]])


def row(measured: Measured, contender: str, names: list[str], has_wrong: bool) -> list[str]:
    result = measured.newest.content
    figures = [values(result, contender, name) for name in names]
    cells = [spread(rounds) if rounds else "-" for rounds in figures]
    if has_wrong:
        cells.append(documents(result["contenders"][contender]["wrong"]))
    return [size(contender), *cells, all_reproducibility(measured, contender, names)]


def size(contender: str) -> str:
    """Return a contender's name, with separated thousands if it is a number of rows."""
    return f"{int(contender):,}" if contender.isdecimal() else contender


def documents(wrong: dict[str, int] | None) -> str:
    return ", ".join(f"{count:,}" for count in wrong.values()) if wrong else "-"


def all_reproducibility(measured: Measured, contender: str, names: list[str]) -> str:
    now = {name: values(measured.newest.content, contender, name) for name in names if name not in COUNTED}
    earlier = {name: values(measured.earlier.content, contender, name) for name in now} if measured.earlier else {}
    both = [name for name in now if now[name] and earlier.get(name)]
    if not both:
        return ONE_RUN
    noisy = [readable_name(name) for name in both if is_noisy(now[name], earlier[name])]
    return f"noisy: {', '.join(noisy)}" if noisy else "agrees"


def plot(measured: Measured) -> str:
    result = measured.newest.content
    names = plotted_figures(result)
    if not names:
        return ""
    medians = ". ".join(
        f"{readable_name(name)}: "
        + "; ".join(
            f"{size(contender)} {number(median(rounds))}"
            for contender in result["contenders"]
            if (rounds := values(result, contender, name))
        )
        for name in names
    )
    return f"![{result['title']}, medians. {medians}.]({IMAGES}/{measured.name}.svg)"


def plotted_figures(result: dict[str, Any]) -> list[str]:
    """Return the figures to be plotted: those with a target, or all of one design at several sizes."""
    if result["over"]:
        return [name for name in figure_names(result) if name not in COUNTED]
    return [name for name in dict.fromkeys(target["figure"] for target in result["targets"]) if of_all(result, name)]


def anchor(title: str) -> str:
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter in "_- ").replace(" ", "-")


def table(heads: list[str], rows: list[list[str]]) -> str:
    return "\n".join([line(heads), "|---" * len(heads) + "|", *map(line, rows)])


def line(cells: list[str]) -> str:
    escaped = [cell.replace("|", r"\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"
