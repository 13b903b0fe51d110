"""Processor time of whole process trees, as Linux counts it."""

import os
from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")  # in a second


def spent(roots: Collection[int]) -> float:
    """Return the seconds of these processes and all their children, also of children that have ended."""
    return sum(tree(roots).values())


def tree(roots: Collection[int]) -> dict[int, float]:
    """Return the seconds of these processes and of each of their running children, by process id."""
    children, used = defaultdict[int, list[int]](list), dict[int, float]()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):  # the process has just ended
                parent, seconds = _read((folder / "stat").read_text())
                children[parent].append(int(folder.name))
                used[int(folder.name)] = seconds
    unvisited, members = list(roots), dict[int, float]()
    while unvisited:
        process = unvisited.pop()
        if process in used:
            members[process] = used[process]
        unvisited += children[process]
    return members


def _read(stat: str) -> tuple[int, float]:
    """Return a process's parent, and its seconds including those of the children that it has waited for."""
    fields = stat[stat.rindex(")") + 2 :].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / TICKS
