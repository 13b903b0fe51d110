"""The searched, the written and the complete indices at each stage of a rebuild."""

from tests.model.rules import Rules
from tests.model.state import ABANDONED, DELETED, FILLED, LIVE, LIVE_AGAIN, MISNAMED, NOT_BEGUN, SWAPPED, A, B, State

BOTH = frozenset({A, B})


def alias(state: State) -> int:
    """Return the index that is searched."""
    return B if SWAPPED <= state.rebuild.stage <= DELETED else A


def exists(state: State, index: int) -> bool:
    """Return whether the engine has this index; a write never creates one."""
    return state.rebuild.stage != (DELETED if index == A else ABANDONED)


def recorded(state: State, keep: bool, rules: Rules) -> frozenset[int]:
    """Return the targets according to the database."""
    stage = state.rebuild.stage
    if stage in (NOT_BEGUN, ABANDONED) or (rules.record != "first" and stage <= SWAPPED):
        return frozenset({A})
    if stage in (LIVE, DELETED, MISNAMED) and not keep:
        return frozenset({B})
    return BOTH


def complete(state: State, keep: bool) -> frozenset[int]:
    """Return the indices that must have every confirmed change: the searched one, and each filled target."""
    stage = state.rebuild.stage
    if stage in (LIVE, DELETED, MISNAMED) and not keep:
        return frozenset({alias(state), B})
    return BOTH if FILLED <= stage <= LIVE_AGAIN else frozenset({A})


def names(indices: frozenset[int]) -> str:
    """Return the names of indices for a trace."""
    return "".join("AB"[index] for index in sorted(indices)) or "none"
