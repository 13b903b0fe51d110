"""A minute beside the plain design, on one Elasticsearch that is killed in the middle of the work.

Both designs get the same orders from the same clients: this project, and the receiver of django-elasticsearch-dsl that
calls Elasticsearch in the save. Everything runs on loopback, in a folder and on ports of its own, and is taken away at
the end. The databases are SQLite files, or beside the one that DATABASE_URL names if that is PostgreSQL.
"""

import argparse
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep

from elasticsearch import Elasticsearch

from tools import cache, elasticsearch, errors, ports
from tools.demo.clients import CLIENTS, PAUSE
from tools.demo.compare import IN_STEP, Difference
from tools.demo.databases import database
from tools.demo.designs import Design
from tools.demo.screen import Screen, table
from tools.paths import ROOT
from tools.supervisor import Stop, Supervisor

HEAL = 15.0  # seconds after the last write in which the index must equal the database


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder where the engine's user can reach it too."""
    folder = cache.folder("demo", secrets.token_hex(4))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def two_designs(engine: str, folder: Path) -> list[Design]:
    """Ours first."""
    names = [f"demo_{folder.name}_{kind}" for kind in ("ours", "plain")]
    ours, plain = (database(os.environ.get("DATABASE_URL", ""), folder, name) for name in names)
    relay = {"relay": ["manage.py", "search_relay"]}
    return [
        Design("this project", "project.settings", "demo-ours-", engine, ours, folder, relay),
        Design("plain design", "tools.demo.plain.settings", "demo-plain-", engine, plain, folder),
    ]


class Demonstration:
    """The engine, the two designs and the screen."""

    def __init__(self, engine: elasticsearch.Server, designs: list[Design], supervisor: Supervisor) -> None:
        self.engine = engine
        self.designs = designs
        self.supervisor = supervisor
        self.client = Elasticsearch(engine.url)
        self.screen = Screen(designs)

    def start(self) -> None:
        """Bring everything up."""
        print("Starting Elasticsearch and two services: half a minute.", flush=True)
        self.engine.start()
        for design in self.designs:
            design.start(self.supervisor)
            design.writers.prepare()
        print(f"To each design {CLIENTS} clients write {CLIENTS / PAUSE:.0f} orders a second over HTTP;", end=" ")
        print("a script changes one more by SQL.", flush=True)

    def write(self, seconds: float) -> None:
        """Let all write for so long, and until the engine is back for a while; kill it meanwhile."""
        self.screen.started = monotonic()
        for design in self.designs:
            design.writers.start()
        self.screen.start()
        self.wait(seconds / 3)
        self.engine.stop(signal.SIGKILL)
        self.screen.say("Elasticsearch is killed (kill -9).")
        self.wait(seconds / 9)
        self.screen.say("It is started again.")
        self.engine.start()
        self.screen.say("It answers.")
        self.wait(max(seconds / 6, self.screen.started + seconds - monotonic()))
        for design in self.designs:
            design.writers.stop()
        self.screen.say("The last order is written.")

    def compare(self) -> list[Difference]:
        """Both designs' differences, once ours is in step or HEAL is over."""
        ended = monotonic()
        while (ours := self.designs[0].difference(self.client)) != IN_STEP and monotonic() - ended < HEAL:
            self.wait(0.2)
        if ours == IN_STEP:
            self.screen.say("This project's index equals its database.")
        self.screen.stop()
        return [ours, self.designs[1].difference(self.client)]

    def wait(self, seconds: float) -> None:
        """Wait while all programs live."""
        until = monotonic() + seconds
        while monotonic() < until:
            self.supervisor.check()
            sleep(min(0.1, max(0.0, until - monotonic())))


def demonstrate(seconds: float) -> int:
    """From the first server to the last; the exit code says whether ours did nothing wrong."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        engine = elasticsearch.server("8.19.8", ports.free(), folder / "elasticsearch", heap="512m")
        stack.callback(engine.remove)
        designs = two_designs(engine.url, folder)
        for design in designs:
            stack.callback(design.database.drop)
        # The last one in is the first one out: what it started is gone before its data is.
        shown = Demonstration(engine, designs, stack.enter_context(Supervisor()))
        shown.start()
        shown.write(seconds)
        differences = shown.compare()
        print(f"\n{table(designs, differences)}\n")
        return verdict(designs[0], differences[0])


def verdict(ours: Design, difference: Difference) -> int:
    """The closing line, and the exit code."""
    well = difference == IN_STEP and not ours.tally.failed
    said = "This project lost nothing." if well else "This project did something wrong: please report it."
    print(said, flush=True)
    return 0 if well else 1


def seconds_of_writing(text: str) -> float:
    """Enough to see something, and not more than one search can count."""
    seconds = float(text)
    if not 6 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 6 to 600")
    return seconds


def main() -> int:
    """Parse, demonstrate."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--seconds", type=seconds_of_writing, default=60.0, help="of writing, default 60")
    chosen = parser.parse_args()
    os.chdir(ROOT)
    try:
        return demonstrate(chosen.seconds)
    except Stop:
        print("\nStopped; all is taken away.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    errors.run(main)
