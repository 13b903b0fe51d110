"""Measures this project beside what one would use instead, and writes what it found: script/benchmark [NAME ...].

Servers of its own are started on loopback, and taken away at the end. Results go to a JSON file. Those that are kept,
in benchmarks/results, make docs/benchmarks.md: of each benchmark the newest, and an earlier one of the
same code to compare with.
"""

import argparse
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks import machine, plots, profiles, report, results_store, wrk
from benchmarks.bench import Bench, run
from benchmarks.benches import ALL
from benchmarks.scale import FULL, QUICK, Scale
from benchmarks.servers import Ground, ground
from tools import errors
from tools.errors import ToolError
from tools.paths import ROOT
from tools.supervisor import Stop, Supervisor

DOCS = ROOT / "docs"
BENCHES = {bench.name: bench for bench in ALL}


def measure(benches: list[type[Bench]], scale: Scale, into: Path, keep: bool = False) -> None:
    """Run these on common servers; what is found is written after each, and kept: the next may fail or be stopped."""
    benches_found: dict[str, object] = {}
    found = {"machine": machine.describe(), "quick": scale.rounds < FULL.rounds, "benches": benches_found}
    with Supervisor(), ground() as servers:
        for bench in benches:
            print(bench.title, file=sys.stderr, flush=True)
            benches_found[bench.name] = one(bench, servers, scale)
            into.write_text(json.dumps(found, indent=1) + "\n")
            if keep:
                results_store.keep(into)
                publish()


def one(bench: type[Bench], servers: Ground, scale: Scale) -> object:
    """All of one benchmark, from its first program to its last."""
    with Supervisor() as supervisor:
        running = bench(servers, scale, supervisor)
        found = run(running)
    running.close()
    return found


def publish(results: Path = results_store.FOLDER, docs: Path = DOCS) -> None:
    """Make docs/benchmarks.md and its plots anew from the results that are kept."""
    measured = results_store.merged(results_store.read(results), BENCHES)
    if not measured:
        raise ToolError("No results are kept yet. Measure some: script/benchmark --keep")
    images = docs / report.IMAGES
    shutil.rmtree(images, ignore_errors=True)
    images.mkdir(parents=True)
    (docs / "benchmarks.md").write_text(report.document(measured))
    for each in measured:
        if drawn := plots.svg(each.newest.found):
            (images / f"{each.name}.svg").write_text(drawn)


def a_count(text: str) -> int:
    """A number of rows."""
    if not (text.isdecimal() and 1_000 <= int(text) <= 10_000_000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1,000 to 10,000,000")
    return int(text)


def arguments() -> argparse.Namespace:
    """What is wanted. Ends with exit code 2 when it makes no sense."""
    parser = argparse.ArgumentParser(prog="script/benchmark", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; default all")
    parser.add_argument("--rows", type=a_count, help="of the larger tables, default 1,000,000")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that all works")
    parser.add_argument("--into", type=Path, help="the file for the results, default var/benchmarks/DATE.json")
    parser.add_argument("--keep", action="store_true", help="keep each result once whole, make docs/benchmarks.md anew")
    parser.add_argument("--profile", action="store_true", help="measure nothing, take benchmarks/profiles anew")
    parser.add_argument("--report", action="store_true", help="measure nothing, only make docs/benchmarks.md anew")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - BENCHES.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}. There are {', '.join(BENCHES)}.")
    if chosen.keep and chosen.quick:
        parser.error("--keep goes with a run in full: what --quick measures says nothing.")
    if chosen.keep and chosen.rows:
        parser.error(f"--keep goes with all rows: the page is of tables of {FULL.rows:,}.")
    return chosen


def main() -> int:
    """Measure, keep, make the page: as far as it is wanted."""
    chosen = arguments()
    os.chdir(ROOT)
    if chosen.profile:
        profiles.take()
        return 0
    if chosen.report:
        publish()
        return 0
    into = chosen.into or ROOT / "var" / "benchmarks" / f"{machine.now():%Y-%m-%d-%H%M}.json"
    into.parent.mkdir(parents=True, exist_ok=True)
    wrk.insist_on_wrk()
    scale = QUICK if chosen.quick else FULL
    scale = replace(scale, rows=chosen.rows or scale.rows)
    try:
        measure([BENCHES[name] for name in chosen.names or BENCHES], scale, into, chosen.keep)
    except Stop:
        print("\nStopped; all that was started is taken away.", file=sys.stderr)
        return 130
    print(f"Results: {into}")
    return 0


if __name__ == "__main__":
    errors.run(main)
