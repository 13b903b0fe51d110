"""Measure this project and its alternatives, and write the results to a JSON file: script/benchmark [NAME ...].

Servers for the benchmarks alone are started on loopback, and removed at the end. docs/benchmarks.md is made of the
results that are kept in benchmarks/results: the newest of each benchmark, and an earlier one of the same code to
compare with.
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
from benchmarks.servers import Servers, start_servers
from tools import errors
from tools.errors import ToolError
from tools.paths import ROOT
from tools.supervisor import Stop, Supervisor

DOCS = ROOT / "docs"
BENCHES = {bench.name: bench for bench in ALL}


def measure(benches: list[type[Bench]], scale: Scale, into: Path, keep: bool = False) -> None:
    """Write the results after each benchmark: the next may fail or be stopped."""
    results: dict[str, object] = {}
    report = {"machine": machine.describe(), "quick": scale.rounds < FULL.rounds, "benches": results}
    with Supervisor(), start_servers() as servers:
        for bench in benches:
            print(bench.title, file=sys.stderr, flush=True)
            results[bench.name] = measure_one(bench, servers, scale)
            into.write_text(json.dumps(report, indent=1) + "\n")
            if keep:
                results_store.keep(into)
                publish()


def measure_one(bench_class: type[Bench], servers: Servers, scale: Scale) -> object:
    with Supervisor() as supervisor:
        bench = bench_class(servers, scale, supervisor)
        result = run(bench)
    bench.close()
    return result


def publish(results: Path = results_store.FOLDER, docs: Path = DOCS) -> None:
    """Write docs/benchmarks.md and its plots from the results that are kept."""
    measured = results_store.merged(results_store.read(results), BENCHES)
    if not measured:
        raise ToolError("No results are kept yet. Measure some: script/benchmark --keep")
    images = docs / report.IMAGES
    shutil.rmtree(images, ignore_errors=True)
    images.mkdir(parents=True)
    (docs / "benchmarks.md").write_text(report.document(measured))
    for benchmark in measured:
        if svg := plots.svg(benchmark.newest.content):
            (images / f"{benchmark.name}.svg").write_text(svg)


def row_count(text: str) -> int:
    if not (text.isdecimal() and 1_000 <= int(text) <= 10_000_000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1,000 to 10,000,000")
    return int(text)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/benchmark", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; default all")
    parser.add_argument("--rows", type=row_count, help="of the larger tables, default 1,000,000")
    parser.add_argument("--quick", action="store_true", help="one short round, to check that everything works")
    parser.add_argument("--into", type=Path, help="the file for the results, default var/benchmarks/DATE.json")
    parser.add_argument(
        "--keep", action="store_true", help="keep the result of each complete run, and update docs/benchmarks.md"
    )
    parser.add_argument("--profile", action="store_true", help="measure nothing, but update benchmarks/profiles")
    parser.add_argument("--report", action="store_true", help="measure nothing, but update docs/benchmarks.md")
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHES.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}. There are {', '.join(BENCHES)}.")
    if options.keep and options.quick:
        parser.error("--keep needs a full run: the figures of --quick are meaningless.")
    if options.keep and options.rows:
        parser.error(f"--keep needs all rows: the page is about tables of {FULL.rows:,}.")
    return options


def main() -> int:
    options = parse_arguments()
    os.chdir(ROOT)
    if options.profile:
        profiles.take()
        return 0
    if options.report:
        publish()
        return 0
    into = options.into or ROOT / "var" / "benchmarks" / f"{machine.now():%Y-%m-%d-%H%M}.json"
    into.parent.mkdir(parents=True, exist_ok=True)
    wrk.check_wrk()
    scale = QUICK if options.quick else FULL
    scale = replace(scale, rows=options.rows or scale.rows)
    try:
        measure([BENCHES[name] for name in options.names or BENCHES], scale, into, options.keep)
    except Stop:
        print("\nStopped; everything that was started is removed.", file=sys.stderr)
        return 130
    print(f"Results: {into}")
    return 0


if __name__ == "__main__":
    errors.run(main)
