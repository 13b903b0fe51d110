"""The size of a run: in full, or just enough to check that a benchmark works."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """The counts and times of a run."""

    rounds: int  # recorded turns of each contender
    seconds: float  # of load in one turn
    rows: int  # orders of the larger tables
    fewer: int  # orders of the smaller tables
    entries: int  # pending for the relay
    updated: int  # rows of one UPDATE
    saves: int  # in one transaction


FULL = Scale(rounds=5, seconds=4.0, rows=1_000_000, fewer=100_000, entries=100_000, updated=10_000, saves=100)
QUICK = Scale(rounds=1, seconds=1.0, rows=2_000, fewer=1_000, entries=1_000, updated=500, saves=20)
