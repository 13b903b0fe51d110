"""Write to this project and to the plain design for a minute, and kill their Elasticsearch in the middle.

Both designs get the same orders from the same clients: this project, and django-elasticsearch-dsl's receiver, which
calls Elasticsearch in the save. Everything runs on loopback, in a folder and on ports of its own, and is removed at the
end. The databases are SQLite files, or new databases on the server that DATABASE_URL names if that is PostgreSQL.
"""

import argparse
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep

from elasticsearch import Elasticsearch

from tools import cache, elasticsearch, errors, ports
from tools.comparison import IN_STEP, Difference
from tools.demo.clients import CLIENTS, PAUSE
from tools.demo.databases import database
from tools.demo.designs import Design
from tools.demo.screen import Screen, table
from tools.paths import ROOT
from tools.supervisor import Stop, Supervisor

HEAL_TIMEOUT = 15.0  # seconds after the last write within which the index must equal the database


def create_designs(engine_url: str, folder: Path) -> list[Design]:
    """Return this project and the plain design, in this order."""
    names = [f"demo_{folder.name}_{kind}" for kind in ("ours", "plain")]
    ours, plain = (database(os.environ.get("DATABASE_URL", ""), folder, name) for name in names)
    relay = {"relay": ["manage.py", "search_relay"]}
    return [
        Design("this project", "project.settings", "demo-ours-", engine_url, ours, folder, relay),
        Design("plain design", "tools.plain_design.demo_settings", "demo-plain-", engine_url, plain, folder),
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
        print("Starting Elasticsearch and two services: half a minute.", flush=True)
        self.engine.start()
        for design in self.designs:
            design.start(self.supervisor)
            design.writers.prepare()
        print(f"{CLIENTS} clients write {CLIENTS / PAUSE:.0f} orders a second to each design over HTTP;", end=" ")
        print("a script changes one more by SQL.", flush=True)

    def write(self, seconds: float) -> None:
        self.screen.started = monotonic()
        for design in self.designs:
            design.writers.start()
        self.screen.start()
        self.wait(seconds / 3)
        self.engine.stop(signal.SIGKILL)
        self.screen.print_event("Elasticsearch is killed (kill -9).")
        self.wait(seconds / 9)
        self.screen.print_event("It is started again.")
        self.engine.start()
        self.screen.print_event("It answers.")
        self.wait(max(seconds / 6, self.screen.started + seconds - monotonic()))
        for design in self.designs:
            design.writers.stop()
        self.screen.print_event("The last order is written.")

    def compare(self) -> list[Difference]:
        """Return both designs' differences, once this project is in step or HEAL_TIMEOUT is over."""
        ended = monotonic()
        while (ours := self.designs[0].difference(self.client)) != IN_STEP and monotonic() - ended < HEAL_TIMEOUT:
            self.wait(0.2)
        if ours == IN_STEP:
            self.screen.print_event("This project's index equals its database.")
        self.screen.stop()
        return [ours, self.designs[1].difference(self.client)]

    def wait(self, seconds: float) -> None:
        """Wait while all programs live. ToolError if one dies."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            self.supervisor.check()
            sleep(min(0.1, max(0.0, deadline - monotonic())))


def run(seconds: float) -> int:
    """Run the whole demonstration. Return exit code 0 if this project made no mistake."""
    with ExitStack() as stack:
        folder = stack.enter_context(cache.scratch_folder("demo"))
        engine = elasticsearch.server("8.19.8", ports.free(), folder / "elasticsearch", heap="512m")
        stack.callback(engine.remove)
        designs = create_designs(engine.url, folder)
        for design in designs:
            stack.callback(design.database.drop)
        # Entered last, so that it stops its programs before their data is removed.
        demonstration = Demonstration(engine, designs, stack.enter_context(Supervisor()))
        demonstration.start()
        demonstration.write(seconds)
        differences = demonstration.compare()
        print(f"\n{table(designs, differences)}\n")
        return print_verdict(designs[0], differences[0])


def print_verdict(ours: Design, difference: Difference) -> int:
    is_correct = difference == IN_STEP and not ours.tally.failed
    print(
        "This project lost nothing." if is_correct else "This project made a mistake: please report it.",
        flush=True,
    )
    return 0 if is_correct else 1


def writing_seconds(text: str) -> float:
    """Parse the time to write: long enough to see something, and with no more orders than one search returns."""
    seconds = float(text)
    if not 6 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 6 to 600")
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--seconds", type=writing_seconds, default=60.0, help="time to write, default 60")
    options = parser.parse_args()
    os.chdir(ROOT)
    try:
        return run(options.seconds)
    except Stop:
        print("\nStopped; everything is removed.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    errors.run(main)
