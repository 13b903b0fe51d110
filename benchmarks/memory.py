"""The memory of a process tree, in MB of 10^6 bytes."""

import resource
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event

from benchmarks import cpu

INTERVAL = 0.5  # seconds between two measurements, each of which takes some milliseconds of a processor


def peak(usage: resource.struct_rusage) -> float:
    """Return the peak of the process with the highest one, among a process and its children."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB here
    return usage.ru_maxrss * unit / 1e6


def current_total(root: int) -> float:
    """Return the current memory of a process and its children, counting shared pages once. 0 where it is unknown."""
    total = 0.0
    for process in cpu.tree([root]):
        with suppress(OSError):  # the process has just ended
            total += proportional_share(Path(f"/proc/{process}/smaps_rollup").read_text())
    return total


def proportional_share(rollup: str) -> float:
    lines = (line.split() for line in rollup.splitlines())
    return next((int(line[1]) * 1024 / 1e6 for line in lines if line[0] == "Pss:"), 0.0)


def watch(root: int, stopped: Event) -> float:
    """Measure until stopped. Return the highest total."""
    highest = 0.0
    while not stopped.wait(INTERVAL):
        highest = max(highest, current_total(root))
    return highest
