"""Who spent the processor: seconds of whole trees of processes, as Linux counts them. And who belongs to a tree."""

import os
from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")  # a second


def spent(roots: Collection[int]) -> float:
    """Seconds that these processes and all their children have had, those that have ended included."""
    return sum(tree(roots).values())


def tree(roots: Collection[int]) -> dict[int, float]:
    """These processes and all their children that there are, each with its seconds."""
    children, used = defaultdict[int, list[int]](list), dict[int, float]()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):  # it has ended meanwhile
                parent, seconds = _read((folder / "stat").read_text())
                children[parent].append(int(folder.name))
                used[int(folder.name)] = seconds
    waiting, found = list(roots), dict[int, float]()
    while waiting:
        process = waiting.pop()
        if process in used:
            found[process] = used[process]
        waiting += children[process]
    return found


def _read(stat: str) -> tuple[int, float]:
    """A process's parent, and its seconds with those of the children that it has waited for."""
    fields = stat[stat.rindex(")") + 2 :].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / TICKS
