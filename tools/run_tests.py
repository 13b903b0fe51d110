"""The test suite: its fast part, or with --all every engine with every database. Starts the servers that it needs.

Anything else goes to pytest, as in `script/test tests/orders -k create`. With REQUIRE_ALL=1 what cannot run here fails.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools import cache, elasticsearch, elasticsearch_distribution, errors, jdk, ports, postgresql
from tools.elasticsearch_distribution import RELEASES
from tools.errors import ToolError
from tools.paths import ROOT
from tools.supervisor import Stop, Supervisor

REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"
NO_SERVERS = "not real and not postgres and not chromium and not faults"
Variables = dict[str, str]


@dataclass(frozen=True)
class Run:
    """One call of pytest: its engine ("embedded" or a version), its database, and the tests that it takes."""

    engine: str
    database: str
    marked: str
    workers: int = 2

    def __str__(self) -> str:
        engine = "the embedded engine" if self.engine == "embedded" else f"Elasticsearch {self.engine}"
        return f"{self.database} and {engine}{', each fault alone' if self.workers == 0 else ''}"


# The last one has most, so that its closing line, the last one printed, tells most.
MATRIX = [
    Run("embedded", "SQLite", NO_SERVERS),
    Run("8.19.8", "SQLite", "conformance and not postgres and not faults"),
    Run("embedded", "PostgreSQL", "conformance and not real and not faults"),
    Run("9.4.3", "PostgreSQL", "conformance and not faults"),
    # What breaks servers, or loads them, wants the machine for itself: two at once would blame each other.
    Run("8.19.8", "SQLite", "faults and not postgres and not once", workers=0),
    Run("8.19.8", "PostgreSQL", "faults", workers=0),
    Run("8.19.8", "PostgreSQL", "not faults"),
]


def absent(run: Run) -> str | None:
    """Why this run is not possible here and what provides it, or None."""
    try:
        if run.database == "PostgreSQL":
            postgresql.programs()
        if run.engine == "embedded":
            embedded_program()
        elif not elasticsearch.docker_runs():
            jdk.choose(RELEASES[run.engine].least_jdk, newest=True)
            elasticsearch_distribution.insist_on(RELEASES[run.engine])
    except ToolError as error:
        return str(error)
    return None


def embedded_program() -> None:
    """ToolError when the embedded engine cannot run here."""
    from search import embedded
    from search.exceptions import EmbeddedEngineMissing

    try:
        embedded.program()
    except EmbeddedEngineMissing as error:
        raise ToolError(str(error)) from error


@contextmanager
def engine(kind: str, folder: Path) -> Iterator[Variables]:
    """An engine of its own for one run."""
    port = ports.free()
    if kind == "embedded":
        with embedded_engine(port, folder / "embedded"):
            yield {"ELASTICSEARCH_URL": f"http://{ports.HOST}:{port}", "TEST_ENGINE": "embedded"}
        return
    server = elasticsearch.server(kind, port, folder / "elasticsearch")
    try:
        server.start()
        yield {"ELASTICSEARCH_URL": server.url, "TEST_ENGINE": "real"}
    finally:
        server.remove()


@contextmanager
def embedded_engine(port: int, data: Path) -> Iterator[None]:
    """The embedded engine, answering."""
    from search import embedded

    data.mkdir(parents=True)
    supervisor = Supervisor()
    supervisor.start("The embedded engine", embedded.command(port, data), log=data / "log")
    try:
        supervisor.wait_until(lambda: ports.is_open(port), "The embedded engine")
        yield
    finally:
        supervisor.stop()


@contextmanager
def database(kind: str, folder: Path, name: str) -> Iterator[Variables]:
    """A database of its own for one run."""
    if kind == "SQLite":
        yield {}
        return
    server = postgresql.server(ports.free(), folder / "postgresql")
    try:
        server.start()
        server.create(name)
        yield {"DATABASE_URL": server.url(name)}
    finally:
        server.stop("immediate")


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one run's servers, where another user can reach it too."""
    folder = cache.folder("suite", secrets.token_hex(4))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def execute(run: Run, arguments: list[str]) -> bool:
    """Start the run's servers and call pytest; whether all passed."""
    name = f"run{secrets.token_hex(4)}"
    variables = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "ELASTICSEARCH_URL")}
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        variables |= stack.enter_context(database(run.database, folder, name))
        variables |= stack.enter_context(engine(run.engine, folder))
        return pytest(["-m", run.marked, *arguments], variables | {"TEST_RUN": name}, run.workers)


def pytest(arguments: list[str], variables: Variables, workers: int = 2) -> bool:
    """Call pytest and let it end by itself, also when we are told to stop; whether all passed."""
    command = [sys.executable, "-m", "pytest", "-n", str(workers), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=variables)
    try:
        return process.wait() == 0
    except Stop:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        raise


def fast(arguments: list[str]) -> bool:
    """The fast part, on SQLite and the embedded engine, or on the servers that the environment names."""
    marked = "(conformance or not slow) and not faults"  # what is absent is skipped, with its reason
    if REQUIRE_ALL:
        marked = f"(conformance or not slow) and {NO_SERVERS}"
    run = Run("embedded", "SQLite", "" if arguments else marked)
    if "DATABASE_URL" in os.environ or "ELASTICSEARCH_URL" in os.environ:
        return pytest(["-m", run.marked, *arguments], dict(os.environ))
    if reason := absent(run):
        print(f"Tests of an engine are skipped. {reason}", flush=True)
        return pytest(["-m", run.marked, *arguments], dict(os.environ))
    return execute(run, arguments)


def everything(arguments: list[str]) -> bool:
    """Each run of the matrix that is possible here, all of them even when one fails; whether all passed."""
    reasons = {run: reason for run in MATRIX if (reason := absent(run))}
    # 9.x is a look ahead: a machine without its JDK is not at fault.
    failed = [run for run in reasons if REQUIRE_ALL and run.engine != "9.4.3"]
    for run, reason in reasons.items():
        print(f"Not run: {run}. {reason}", flush=True)
    for run in MATRIX:
        if run not in reasons and not timed(run, arguments, failed):
            failed.append(run)
    return not failed


def timed(run: Run, arguments: list[str], failed: list[Run]) -> bool:
    """Announce a run and what failed before it, and execute it."""
    print(f"\n{time.strftime('%H:%M:%S')} On {run}", flush=True)
    for earlier in failed:
        print(f"Failed before: {earlier}", flush=True)
    try:
        return execute(run, arguments)
    except ToolError as error:
        print(error, flush=True)
        return False


def main() -> int:
    """Parse, run."""
    arguments = sys.argv[1:]
    if "-h" in arguments or "--help" in arguments:
        print(f"usage: script/test [--all] [PYTEST ARGUMENTS]\n\n{__doc__}")
        return 0
    whole = "--all" in arguments
    rest = [argument for argument in arguments if argument not in ("--all", "--")]
    try:
        with Supervisor():
            return 0 if (everything if whole else fast)(rest) else 1
    except Stop:
        return 130


if __name__ == "__main__":
    errors.run(main)
