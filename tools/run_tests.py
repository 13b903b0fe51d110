"""The test suite: its fast part, or with --all each engine and each database. Starts the servers that it needs.

Anything else goes to pytest, as in `script/test tests/orders -k create`. With REQUIRE_ALL=1 what cannot run here fails.
With --all the branch coverage of the service's code must reach a floor; var/coverage/report.txt lists what is missing.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools import (
    branch_coverage,
    cache,
    elasticsearch,
    elasticsearch_distribution,
    embedded_engine,
    errors,
    jdk,
    ports,
    postgresql,
    postgresql_distribution,
)
from tools.elasticsearch_distribution import RELEASES
from tools.errors import ToolError
from tools.paths import ROOT
from tools.supervisor import Stop, Supervisor

REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"
PYTHON = "3.11"  # the interpreter of CI, which the Dockerfile must name
NO_SERVERS = "not real and not postgres and not chromium and not faults"
EMBEDDED = "embedded"
SQLITE = "SQLite"
SYSTEM_POSTGRESQL = "the system's PostgreSQL"
POSTGRESQL = f"PostgreSQL {postgresql_distribution.VERSION}"  # the major version that docker-compose.yml names
Variables = dict[str, str]


@dataclass(frozen=True)
class Run:
    """One call of pytest: its engine ("embedded" or a version), its database, and the markers of its tests."""

    engine: str
    database: str
    markers: str
    workers: int = 2
    is_covered: bool = False  # measured by coverage, which makes it slower: one run is enough

    def __str__(self) -> str:
        engine = "the embedded engine" if self.engine == EMBEDDED else f"Elasticsearch {self.engine}"
        return f"{self.database} and {engine}{', each fault alone' if self.workers == 0 else ''}"


# Each engine and each database is in some run, though not each pair. The last run is the largest on real servers, so
# that its closing line, the last one printed, says the most.
MATRIX = [
    Run(EMBEDDED, SQLITE, NO_SERVERS, is_covered=True),
    Run("9.4.3", SYSTEM_POSTGRESQL, "conformance and not faults"),
    # Tests that break or load servers need the machine for themselves: two at once would disturb each other.
    Run("8.19.8", SQLITE, "faults and not postgres and not once", workers=0),
    Run("8.19.8", SYSTEM_POSTGRESQL, "faults", workers=0),
    Run("8.19.8", POSTGRESQL, "not faults and not anywhere"),
]


def reason_not_to_run(run: Run) -> str | None:
    try:
        if run.database != SQLITE:
            postgresql.system_programs()
        if run.database == POSTGRESQL:
            postgresql_distribution.check_available()
        if run.engine == EMBEDDED:
            embedded_engine.program()
        elif not elasticsearch.docker_runs():
            jdk.choose(RELEASES[run.engine].least_jdk, newest=True)
            elasticsearch_distribution.check_available(RELEASES[run.engine])
    except ToolError as error:
        return str(error)
    return None


@contextmanager
def start_engine(engine: str, folder: Path) -> Iterator[Variables]:
    port = ports.free()
    if engine == EMBEDDED:
        with start_embedded_engine(port, folder / "embedded"):
            yield {"ELASTICSEARCH_URL": f"http://{ports.HOST}:{port}", "TEST_ENGINE": "embedded"}
        return
    server = elasticsearch.server(engine, port, folder / "elasticsearch")
    try:
        server.start()
        yield {"ELASTICSEARCH_URL": server.url, "TEST_ENGINE": "real"}
    finally:
        server.remove()


@contextmanager
def start_embedded_engine(port: int, data: Path) -> Iterator[None]:
    data.mkdir(parents=True)
    supervisor = Supervisor()
    supervisor.start("The embedded engine", embedded_engine.command(port, data), log=data / "log")
    try:
        supervisor.wait_until(lambda: ports.is_open(port), "The embedded engine")
        yield
    finally:
        supervisor.stop()


@contextmanager
def start_database(database: str, folder: Path, name: str) -> Iterator[Variables]:
    if database == SQLITE:
        yield {}
        return
    server = postgresql.server(ports.free(), folder / "postgresql", is_downloaded=database == POSTGRESQL)
    try:
        server.start()
        server.create(name)
        yield {"DATABASE_URL": server.url(name)}
    finally:
        server.stop("immediate")


def execute(run: Run, arguments: list[str], variables: Variables | None = None) -> bool:
    name = f"run{secrets.token_hex(4)}"
    environment = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "ELASTICSEARCH_URL")}
    environment |= {"TEST_RUN": name} | (variables or {})
    with ExitStack() as stack:
        folder = stack.enter_context(cache.scratch_folder("suite"))
        environment |= stack.enter_context(start_database(run.database, folder, name))
        environment |= stack.enter_context(start_engine(run.engine, folder))
        return pytest(["-m", run.markers, *arguments], environment, run.workers)


def pytest(arguments: list[str], environment: Variables, workers: int = 2) -> bool:
    """Call pytest, and let it end by itself even when this process gets a signal to stop. Return whether all passed."""
    command = [sys.executable, "-m", "pytest", "-n", str(workers), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        return process.wait() == 0
    except Stop:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        raise


def run_fast(arguments: list[str]) -> bool:
    """Run the fast part on SQLite and the embedded engine, or on the servers that the environment names."""
    markers = "(conformance or not slow) and not faults"  # tests that cannot run here are skipped with a reason
    if REQUIRE_ALL:
        markers = f"(conformance or not slow) and {NO_SERVERS}"
    run = Run(EMBEDDED, SQLITE, "" if arguments else markers)
    if "DATABASE_URL" in os.environ or "ELASTICSEARCH_URL" in os.environ:
        return pytest(["-m", run.markers, *arguments], dict(os.environ))
    if reason := reason_not_to_run(run):
        print(f"Tests of an engine are skipped. {reason}", flush=True)
        return pytest(["-m", run.markers, *arguments], dict(os.environ))
    return execute(run, arguments)


def run_all(arguments: list[str]) -> bool:
    """Run what of the matrix is possible here, also after a failure, and check the coverage. Return whether all passed.

    Coverage is checked only when the whole suite ran: it says nothing about a selection of tests.
    """
    reasons = {run: reason for run in MATRIX if (reason := reason_not_to_run(run))}
    # 9.x is a preview: a machine without its JDK is not at fault.
    failed = [run for run in reasons if REQUIRE_ALL and run.engine != "9.4.3"]
    for run, reason in reasons.items():
        print(f"Not run: {run}. {reason}", flush=True)
    branch_coverage.reset()
    for run in MATRIX:
        if run not in reasons and not announce_and_execute(run, arguments, failed):
            failed.append(run)
    is_whole = not arguments and not any(run.is_covered for run in reasons)
    return (not is_whole or is_coverage_enough()) and not failed


def announce_and_execute(run: Run, arguments: list[str], failed: list[Run]) -> bool:
    print(f"\n{time.strftime('%H:%M:%S')} On {run}", flush=True)
    for earlier in failed:
        print(f"Failed before: {earlier}", flush=True)
    try:
        return execute(run, arguments, branch_coverage.variables() if run.is_covered else None)
    except ToolError as error:
        print(error, flush=True)
        return False


def is_coverage_enough() -> bool:
    """Return whether enough branches are covered. Print only if not: pytest's closing line is to end the log."""
    coverage = branch_coverage.combine()
    if not coverage.is_enough:
        print(f"{coverage}. See {branch_coverage.FOLDER / 'report.txt'}.", file=sys.stderr, flush=True)
    return coverage.is_enough


def main() -> int:
    arguments = sys.argv[1:]
    if "-h" in arguments or "--help" in arguments:
        print(f"usage: script/test [--all] [PYTEST ARGUMENTS]\n\n{__doc__}")
        return 0
    run = run_all if "--all" in arguments else run_fast
    try:
        with Supervisor():
            return 0 if run([argument for argument in arguments if argument not in ("--all", "--")]) else 1
    except Stop:
        return 130


if __name__ == "__main__":
    errors.run(main)
