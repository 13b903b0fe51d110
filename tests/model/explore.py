"""Visit every reachable state, breadth first, so that the trace of a counterexample is as short as possible."""

import gc
from collections.abc import Callable, Iterator

from tests.model import engine, pushing, rebuild, restore, writers
from tests.model.engine import difference
from tests.model.rules import Rules, Size
from tests.model.state import DEAD, FILLING, RECORDED, State, first

Step = Callable[[State, Rules, Size], Iterator[tuple[str, State]]]

# Steps that happen by themselves until all is quiet; the first possible one always leads there.
QUIETING: tuple[Step, ...] = (
    writers.commits,
    engine.late_writes,
    pushing.under_way,
    pushing.begins,
    pushing.grace_periods,
    rebuild.advances,
)
DISTURBING: tuple[Step, ...] = (
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
    """Return the number of states. Counterexample if an invariant does not hold in one of them.

    In every state: no index has an uncommitted change, and a change is reported as indexed only if each searched or
    complete index has it. In every quiet state: index equals database. From every state a quiet one is reached without
    further writes or faults.
    """
    gc.disable()  # there are no cycles, and each collection would visit every state
    try:
        return _explore(rules, size)
    finally:
        gc.enable()


def _explore(rules: Rules, size: Size) -> int:
    begin = first(size)
    parents: dict[State, State | None] = {begin: None}
    calmer: dict[State, State] = {}
    unvisited = [begin]
    for state in unvisited:
        broken = state.broken or (difference(state, size) if is_quiet(state) else "")
        if broken:
            raise Counterexample(broken, _trace(parents, state, rules, size))
        successors = [successor for _, successor in _steps(state, QUIETING, rules, size)]
        if successors:
            calmer[state] = successors[0]
        successors += [successor for _, successor in _steps(state, DISTURBING, rules, size)]
        for successor in successors:
            if successor not in parents:
                parents[successor] = state
                unvisited.append(successor)
    _must_end(calmer, parents, rules, size)
    return len(parents)


def is_quiet(state: State) -> bool:
    """Return whether nothing is in progress and no entry is pending; dead letters may remain."""
    return not (
        state.pushes
        or state.late
        or state.open
        or any(state.asked)
        or any(entry and entry.stage != DEAD for entry in state.entries)
        or state.rebuild.stage in (RECORDED, FILLING)
    )


def _must_end(calmer: dict[State, State], parents: dict[State, State | None], rules: Rules, size: Size) -> None:
    """Raise Counterexample unless the quieting steps lead from every state to a quiet one."""
    ends: set[State] = set()
    for begun in parents:
        path: dict[State, None] = {}
        state = begun
        while state not in ends and state not in path and state in calmer:
            path[state] = None
            state = calmer[state]
        if state not in ends and not (state not in calmer and is_quiet(state)):
            raise Counterexample("never quiet again", _trace(parents, begun, rules, size))
        ends.update(path)


def _steps(state: State, kinds: tuple[Step, ...], rules: Rules, size: Size) -> Iterator[tuple[str, State]]:
    for kind in kinds:
        yield from kind(state, rules, size)


def _trace(parents: dict[State, State | None], state: State, rules: Rules, size: Size) -> list[str]:
    """Return the steps that lead to a state."""
    trace: list[str] = []
    while (parent := parents[state]) is not None:
        steps = _steps(parent, QUIETING + DISTURBING, rules, size)
        trace.append(next(label for label, successor in steps if successor == state))
        state = parent
    return trace[::-1]
