"""Walks every state that can be reached, breadth first, so that a counterexample's trace is a shortest one."""

import gc
from collections.abc import Iterator

from tests.model import engine, pushing, rebuild, restore, writers
from tests.model.engine import difference
from tests.model.rules import Rules, Size
from tests.model.state import DEAD, FILLING, RECORDED, State, first

# What goes on by itself until all is quiet; the first step that is possible always leads there.
QUIETING = (
    writers.commits,
    engine.late_writes,
    pushing.under_way,
    pushing.begins,
    pushing.waits,
    rebuild.goes_on,
)
DISTURBING = (
    writers.writes,
    engine.restarts,
    pushing.losses,
    rebuild.crashes,
    writers.steps_back,
    restore.restores,
)


class Counterexample(AssertionError):
    """A reachable state in which an invariant does not hold; its text is the trace that leads there."""

    def __init__(self, broken: str, trace: list[str]) -> None:
        self.broken, self.trace = broken, trace
        lines = [f"{number:3} {step}" for number, step in enumerate(trace, 1)]
        super().__init__("\n".join([broken, *lines]))


def explore(rules: Rules, size: Size) -> int:
    """How many states there are. Counterexample, if an invariant does not hold in one of them.

    Held in every state: no index has what was not committed; `indexed` is told only of what each index that is
    searched or complete has. In every quiet state: index equals database. And from every state a quiet one is
    reached without further writes or faults.
    """
    gc.disable()  # nothing here is a cycle, and each collection would walk every state
    try:
        return _explore(rules, size)
    finally:
        gc.enable()


def _explore(rules: Rules, size: Size) -> int:
    begin = first(size)
    parents: dict[State, State | None] = {begin: None}
    calmer: dict[State, State] = {}
    waiting = [begin]
    for state in waiting:
        broken = state.broken or (difference(state, size) if is_quiet(state) else "")
        if broken:
            raise Counterexample(broken, _trace(parents, state, rules, size))
        after = [found for _, found in _steps(state, QUIETING, rules, size)]
        if after:
            calmer[state] = after[0]
        after += [found for _, found in _steps(state, DISTURBING, rules, size)]
        for found in after:
            if found not in parents:
                parents[found] = state
                waiting.append(found)
    _must_end(calmer, parents, rules, size)
    return len(parents)


def is_quiet(state: State) -> bool:
    """Whether nothing is under way, and nothing waits; dead letters may."""
    return not (
        state.pushes
        or state.late
        or state.open
        or any(state.asked)
        or any(entry and entry.stage != DEAD for entry in state.entries)
        or state.rebuild.stage in (RECORDED, FILLING)
    )


def _must_end(calmer: dict[State, State], parents: dict[State, State | None], rules: Rules, size: Size) -> None:
    """From every state the quieting steps end in a quiet one."""
    ends: set[State] = set()
    for begun in parents:
        path, state = {}, begun
        while state not in ends and state not in path and state in calmer:
            path[state] = None
            state = calmer[state]
        if state not in ends and not (state not in calmer and is_quiet(state)):
            raise Counterexample("never quiet again", _trace(parents, begun, rules, size))
        ends.update(path)


def _steps(state: State, kinds: tuple, rules: Rules, size: Size) -> Iterator[tuple[str, State]]:
    for kind in kinds:
        yield from kind(state, rules, size)


def _trace(parents: dict[State, State | None], state: State, rules: Rules, size: Size) -> list[str]:
    """The steps that lead to a state."""
    trace: list[str] = []
    while (parent := parents[state]) is not None:
        steps = _steps(parent, QUIETING + DISTURBING, rules, size)
        trace.append(next(label for label, found in steps if found == state))
        state = parent
    return trace[::-1]
