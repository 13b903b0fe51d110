"""Run random faults one after the other for some time: `python -m tests.faults.soak --minutes N`.

DATABASE_URL and ELASTICSEARCH_URL must name real servers. A test database and indices are created there, and removed at
the end. The first difference ends it with exit code 1, the fault's name and the seed to repeat it.
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
django.setup()  # before any import of models

from search.indices import aliases, lifecycle  # noqa: E402
from search.mapping.registry import documents  # noqa: E402
from tests.faults.scene import Outcome, Scene, play, staged  # noqa: E402
from tests.faults.test_faults import ENGINE_FAULTS, PROCESS_FAULTS  # noqa: E402
from tools import errors  # noqa: E402
from tools.errors import ToolError  # noqa: E402


@contextmanager
def stage() -> Iterator[Scene]:
    """Start the service on a database and indices of its own."""
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
    """Return the violations of a round. When only the engine was at fault, no request may be affected either."""
    violations: list[object] = []
    if outcome.difference or outcome.unconfirmed:
        violations += [outcome.difference, outcome.unconfirmed]
    violations += [f"rolled back, but seen: {pk}" for pk in sorted(outcome.rolled_back)]
    violations += [f"acknowledged, but lost: {pk}" for pk in sorted(outcome.lost)]
    if engine_only:
        violations += [*outcome.seen.failures, *outcome.held_beyond]
        violations += (
            outcome.beyond if connection.vendor == "postgresql" else []
        )  # SQLite's writers wait for each other
    return [str(violation) for violation in violations]


def soak(minutes: float, seed: int) -> int:
    """Run rounds until the time is over. Return the exit code."""
    plays = ENGINE_FAULTS | PROCESS_FAULTS
    random, until, rounds = Random(seed), monotonic() + minutes * 60, 0
    with stage() as scene:
        while monotonic() < until:
            name, rounds = random.choice(sorted(plays)), rounds + 1
            outcome = play(scene, plays[name], seed=seed + rounds, seconds=random.uniform(1, 8))
            print(f"{name}: {outcome}", flush=True)
            if violations := problems(outcome, engine_only=name in ENGINE_FAULTS):
                print(f"round {rounds} of --seed {seed}: " + "\n".join(violations), file=sys.stderr)
                print(scene.service.logs(), file=sys.stderr)
                return 1
    print(f"{rounds} faults, in step after each")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=None, help="that of an earlier run, to repeat it")
    options = parser.parse_args()
    if not tests.environment.ENGINE_IS_REAL:
        raise ToolError("No real Elasticsearch: script/elasticsearch up, then set ELASTICSEARCH_URL as it prints.")
    seed = options.seed if options.seed is not None else Random().randrange(10**6)
    print(f"--seed {seed}", flush=True)
    return soak(options.minutes, seed)


if __name__ == "__main__":
    errors.run(main)
