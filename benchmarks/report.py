"""docs/benchmarks.md, made from the results that are kept, with what benchmarks/notes has to say about them."""

from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import profiles
from benchmarks.bench import is_reached
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

This project beside what one would use instead. `script/benchmark --report` makes this page from the runs that are kept
in `benchmarks/results`; what explains a figure is written by hand.

**Engine, database, services and load share the same {processors} cores: these are ratios, not capacities.** Where one
contender leaves the cores to the others, its figures are better for it, as on any machine that is full.

| contender | what it is |
|---|---|
| no indexing | the same views on the same database, and no index |
| plain without refresh | the same views with django-elasticsearch-dsl's `RealTimeSignalProcessor`, which calls the \
engine in each save |
| plain default | the same with its default, a refresh for each call |
| this project, sync | `SEARCH_PUSH=sync`, the default: a request pushes what it changed |
| this project, async | `SEARCH_PUSH=async`: the relay pushes it |
| limit | what the engine takes when nothing has to be made: ready bodies over kept connections |

All have the same PostgreSQL, Elasticsearch, gunicorn (two workers of eight threads, ten connections each), request
bodies, connections that are kept, retries of the client, and durability of their rows. A call of the client ends after
ten seconds, and this project's push after one. They take turns: each round every contender has one, another one first
each time; the services of the others run meanwhile and have nothing to do. The load, of `wrk`, is pinned to one
processor, of which its part is shown. A figure is the median of the rounds, with the least and the most of them. Wrong
documents are counted after the last round, when nothing waits any more, order by order, with their lines. PostgreSQL
has `fsync` on and 256 MB of shared buffers, Elasticsearch a heap of 1 GB.

## Where and how

{machine}

`script/benchmark --keep` measures all of it anew on servers of its own, keeps the results and makes this page;
`script/benchmark NAME --keep` one benchmark alone. A figure whose median was more than {agree:.0%} off in an earlier
run, by an hour at least, is called noisy; `{one_run}` means that there is no such run. It has to be of the same
machine, versions, code and way to measure. Code is the same when nothing in `search`, `orders`, `project` and
`gunicorn.conf.py` differs; a run that does not say what code it measured counts as other code.

## The targets

{targets}
"""


def document(measured: list[Measured], notes: Path = NOTES, profiled: Path = profiles.FOLDER) -> str:
    """The whole page."""
    first = max((each.newest for each in measured), key=lambda result: result.date)
    head = HEAD.format(
        processors=first.machine["processors"],
        machine=machine(first.machine),
        agree=AGREE,
        one_run=ONE_RUN,
        targets=table(
            ["work", "target", "limit", "measured", "reached", "again"],
            [row for each in measured for row in targets(each)],
        ),
    )
    return "\n".join([head, *(section(each, first, notes, profiled) for each in measured)])


def machine(described: dict[str, Any]) -> str:
    """Where it was measured, and with what."""
    versions = ", ".join(f"{name} {version}" for name, version in described["versions"].items())
    return (
        f"{described['date'][:16].replace('T', ' ')} UTC on {described['processors']} cores ({described['processor']}),"
        f" {described['memory_gb']} GB, {described['system']}. {versions}."
    )


def targets(measured: Measured) -> list[list[str]]:
    """A row for each target of a benchmark."""
    found = measured.newest.found
    return [
        [
            f"[{found['title']}](#{anchor(found['title'])})",
            target["text"],
            limit(target),
            value(target, spread(target["values"])),
            yes_or_no(target, earlier := before(measured.earlier, target["text"])),
            again(target["values"], earlier),
        ]
        for target in found["targets"]
    ]


def yes_or_no(target: dict[str, Any], earlier: list[float]) -> str:
    """Whether it is reached, and whether it was when that was another answer."""
    reached = is_reached(target)
    said = "yes" if reached else "**no**"
    if earlier and is_reached({**target, "values": earlier}) != reached:
        return f"{said}, before: {'no' if reached else 'yes'}"
    return said


def limit(target: dict[str, Any]) -> str:
    """What a target aims at."""
    return value(target, f"{'≥' if target['at_least'] else '≤'} {target['limit']:,g}")


def value(target: dict[str, Any], shown: str) -> str:
    """With its unit."""
    unit = readable_name(target["figure"]).partition("(")[2].rstrip(")")
    first, space, rest = shown.partition(" (")
    return f"{first} {TIMES if target['is_ratio'] else unit}".rstrip() + space + rest


def before(earlier: Result | None, text: str) -> list[float]:
    """What a target's values were in the earlier run."""
    found = earlier.found["targets"] if earlier else []
    return next((target["values"] for target in found if target["text"] == text), [])


def again(now: list[float], earlier: list[float]) -> str:
    """Whether a figure came again."""
    if not earlier:
        return ONE_RUN
    return f"{'noisy' if is_noisy(now, earlier) else 'agrees'}: {number(median(earlier))}"


def section(measured: Measured, first: Result, notes: Path, profiled: Path) -> str:
    """All of one benchmark."""
    found, note = measured.newest.found, notes / f"{measured.name}.md"
    parts = [f"## {found['title']}", found["about"], when(measured, first), figures(measured), plot(measured)]
    if note.exists():
        parts.append(note.read_text().strip())
    if (profile := profiled / f"{profiles.profile_of(measured.name)}.txt").exists():
        parts.append(f"[Profile of a {profile.stem}](../benchmarks/profiles/{profile.name}): where its time goes.")
    return "\n\n".join(part for part in parts if part) + "\n"


def when(measured: Measured, first: Result) -> str:
    """When it was measured, how much of it, and where if not where the rest was."""
    newest, earlier = measured.newest, measured.earlier
    rows = f", {newest.found['rows']:,} orders in the table" if newest.found["rows"] else ""
    rounds = f"{newest.found['rounds']} round{'s' if newest.found['rounds'] > 1 else ''}"
    said = f"`script/benchmark {measured.name}`: {rounds}{rows}, {newest.date:%Y-%m-%d %H:%M} UTC"
    said += f", code {newest.code}" if newest.code else ""
    said += f"; before that {earlier.date:%Y-%m-%d %H:%M} UTC." if earlier else "."
    if newest.is_of_other_machine(first):
        said += f" Elsewhere: {machine(newest.machine)}"
    return said


def figures(measured: Measured) -> str:
    """The table of contenders and their figures, each with what was wrong in its index."""
    found = measured.newest.found
    names = figure_names(found)
    wrong = any(contender["wrong"] for contender in found["contenders"].values())
    heads = [
        found["over"] or "contender",
        *map(readable_name, names),
        *(["missing, stale, orphaned"] if wrong else []),
        "again",
    ]
    return table(heads, [row(measured, contender, names, wrong) for contender in found["contenders"]])


def row(measured: Measured, contender: str, names: list[str], wrong: bool) -> list[str]:
    """One contender's."""
    found = measured.newest.found
    given = [values(found, contender, name) for name in names]
    cells = [spread(each) if each else "-" for each in given]
    if wrong:
        cells.append(documents(found["contenders"][contender]["wrong"]))
    return [size(contender), *cells, all_again(measured, contender, names)]


def size(contender: str) -> str:
    """A contender's name; a number of rows is easier to read so."""
    return f"{int(contender):,}" if contender.isdecimal() else contender


def documents(wrong: dict[str, int] | None) -> str:
    """How many are wrong."""
    return ", ".join(f"{count:,}" for count in wrong.values()) if wrong else "-"


def all_again(measured: Measured, contender: str, names: list[str]) -> str:
    """Whether all figures of a contender came again, or which did not."""
    now = {name: values(measured.newest.found, contender, name) for name in names if name not in COUNTED}
    earlier = {name: values(measured.earlier.found, contender, name) for name in now} if measured.earlier else {}
    both = [name for name in now if now[name] and earlier.get(name)]
    if not both:
        return ONE_RUN
    noisy = [readable_name(name) for name in both if is_noisy(now[name], earlier[name])]
    return f"noisy: {', '.join(noisy)}" if noisy else "agrees"


def plot(measured: Measured) -> str:
    """The picture, and in words what it shows."""
    found = measured.newest.found
    shown = plotted(found)
    if not shown:
        return ""
    said = ". ".join(
        f"{readable_name(name)}: "
        + "; ".join(
            f"{size(contender)} {number(median(each))}"
            for contender in found["contenders"]
            if (each := values(found, contender, name))
        )
        for name in shown
    )
    return f"![{found['title']}, medians. {said}.]({IMAGES}/{measured.name}.svg)"


def plotted(found: dict[str, Any]) -> list[str]:
    """The figures that are drawn: what a target is of, or all of one design at several sizes."""
    if found["over"]:
        return [name for name in figure_names(found) if name not in COUNTED]
    return [name for name in dict.fromkeys(target["figure"] for target in found["targets"]) if of_all(found, name)]


def anchor(title: str) -> str:
    """What a heading's address is."""
    return "".join(each for each in title.lower() if each.isalnum() or each in "_- ").replace(" ", "-")


def table(heads: list[str], rows: list[list[str]]) -> str:
    """In Markdown."""
    return "\n".join([line(heads), "|---" * len(heads) + "|", *map(line, rows)])


def line(cells: list[str]) -> str:
    """A row of a table; what would end a cell does not."""
    escaped = [cell.replace("|", r"\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"
