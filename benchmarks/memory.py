"""What memory a tree of processes has, in MB of 10^6 bytes."""

import resource
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event

from benchmarks import cpu

EVERY = 0.5  # seconds; looking takes some milliseconds of a processor


def largest(usage: resource.struct_rusage) -> float:
    """The peak of a process or of one of its children, whichever had most."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB here
    return usage.ru_maxrss * unit / 1e6


def of_all(root: int) -> float:
    """What a process and its children have now; what several of them share counts once. 0 where nobody tells."""
    total = 0.0
    for process in cpu.tree([root]):
        with suppress(OSError):  # it has ended meanwhile
            total += shared_out(Path(f"/proc/{process}/smaps_rollup").read_text())
    return total


def shared_out(rollup: str) -> float:
    """A process's proportional share, as Linux tells it."""
    lines = (line.split() for line in rollup.splitlines())
    return next((int(line[1]) * 1024 / 1e6 for line in lines if line[0] == "Pss:"), 0.0)


def watch(root: int, over: Event) -> float:
    """Look until it is over; the most that all had at once."""
    most = 0.0
    while not over.wait(EVERY):
        most = max(most, of_all(root))
    return most
