"""Fault after fault, drawn at random, for as long as you like: python -m tests.faults.soak --minutes N

Needs DATABASE_URL and ELASTICSEARCH_URL to be real servers; makes a test database and indices of its own there and
takes them away again. The first difference ends it with exit code 1, the fault's name and the seed to run it again.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import monotonic

import django
from django.core.management import call_command
from django.db import connection
from elasticsearch.dsl.connections import connections

import tests.environment  # sets what the settings read

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django.setup()  # before anything that knows a model

from search.indices import aliases, lifecycle  # noqa: E402
from search.mapping.registry import documents  # noqa: E402
from tests.faults.scene import Outcome, Scene, play, staged  # noqa: E402
from tests.faults.test_faults import ENGINE_FAULTS, PROCESS_FAULTS  # noqa: E402
from tools import errors  # noqa: E402
from tools.errors import ToolError  # noqa: E402


@contextmanager
def stage() -> Iterator[Scene]:
    """The service on a database and indices of its own."""
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        call_command("search_index", "--create", verbosity=0)
        with tempfile.TemporaryDirectory() as folder, staged(connections.get_connection(), Path(folder)) as scene:
            yield scene
    finally:
        for document in documents():
            lifecycle.delete(aliases.alias_of(document))
        connection.creation.destroy_test_db(name, verbosity=0)


def problems(outcome: Outcome, *, engine_only: bool) -> list[str]:
    """What a round must not show; where only the engine was at fault, no request may have noticed either."""
    found: list[object] = []
    if outcome.difference or outcome.waiting:
        found += [outcome.difference, outcome.waiting]
    found += [f"rolled back, but seen: {each}" for each in sorted(outcome.rolled_back)]
    found += [f"acknowledged, but not so: {each}" for each in sorted(outcome.lost)]
    if engine_only:
        found += [*outcome.seen.failures, *outcome.held_beyond]
        found += outcome.beyond if connection.vendor == "postgresql" else []  # SQLite's writers wait for each other
    return [str(each) for each in found]


def soak(minutes: float, seed: int) -> int:
    """Rounds until the time is over; the exit code."""
    plays = ENGINE_FAULTS | PROCESS_FAULTS
    random, until, rounds = Random(seed), monotonic() + minutes * 60, 0
    with stage() as scene:
        while monotonic() < until:
            name, rounds = random.choice(sorted(plays)), rounds + 1
            outcome = play(scene, plays[name], seed=seed + rounds, seconds=random.uniform(1, 8))
            print(f"{name}: {outcome}", flush=True)
            if found := problems(outcome, engine_only=name in ENGINE_FAULTS):
                print(f"round {rounds} of --seed {seed}: " + "\n".join(found), file=sys.stderr)
                print(scene.service.logs(), file=sys.stderr)
                return 1
    print(f"{rounds} faults, in step after each")
    return 0


def main() -> int:
    """Parse, do."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=None, help="an earlier run's, to run it again")
    chosen = parser.parse_args()
    if not tests.environment.ENGINE_IS_REAL:
        raise ToolError("No real Elasticsearch: script/elasticsearch up, then set ELASTICSEARCH_URL as it prints.")
    seed = chosen.seed if chosen.seed is not None else Random().randrange(10**6)
    print(f"--seed {seed}", flush=True)
    return soak(chosen.minutes, seed)


if __name__ == "__main__":
    errors.run(main)
