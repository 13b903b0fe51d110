"""Who spent the processor: seconds of whole trees of processes, as Linux counts them."""

import os
from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")  # a second


def spent(roots: Collection[int]) -> float:
    """Seconds that these processes and all their children have had, those that have ended included."""
    children, used = defaultdict[int, list[int]](list), {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):  # it has ended meanwhile
                parent, seconds = _read((folder / "stat").read_text())
                children[parent].append(int(folder.name))
                used[int(folder.name)] = seconds
    waiting, total = list(roots), 0.0
    while waiting:
        process = waiting.pop()
        total += used.get(process, 0.0)
        waiting += children[process]
    return total


def _read(stat: str) -> tuple[int, float]:
    """A process's parent, and its seconds with those of the children that it has waited for."""
    fields = stat[stat.rindex(")") + 2 :].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / TICKS
