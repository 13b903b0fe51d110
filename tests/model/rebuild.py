"""A rebuild: record the new index, backfill it, swap the alias, record the swap; and the rollback to a standby."""

from collections.abc import Iterator

from tests.model.engine import apply, must_have
from tests.model.rules import Rules, Size
from tests.model.state import (
    ABANDONED,
    DELETED,
    FILLED,
    FILLING,
    LIVE,
    LIVE_AGAIN,
    MISNAMED,
    NOT_BEGUN,
    RECORDED,
    REFUSED,
    SWAPPED,
    SWAPPED_BACK,
    A,
    B,
    Late,
    Rebuild,
    State,
    found,
    put,
)

Steps = Iterator[tuple[str, State]]


def advances(state: State, rules: Rules, size: Size) -> Steps:
    """Take the rebuild's next step."""
    stage = state.rebuild.stage
    if not size.rebuild:
        return
    if stage == NOT_BEGUN:
        yield from _begin(state, rules)
    elif stage == RECORDED:
        yield "the backfill reads its chunk", _fill(state)
    elif stage == FILLING:
        yield from _arrivals(state)
    elif stage == FILLED:
        yield from _swap(state, rules)
    elif stage == MISNAMED:
        yield "the alias is moved to B", _swapped(state, LIVE)
    elif stage == SWAPPED:
        yield "B is recorded as live", _stage(state, LIVE)
    elif stage == LIVE:
        yield from _afterwards(state, size)
    elif stage == SWAPPED_BACK:
        yield "A is recorded as live again", _stage(state, LIVE_AGAIN)


def crashes(state: State, rules: Rules, size: Size) -> Steps:
    """Kill the backfill during a chunk; it resumes at its recorded progress."""
    stage, chunk, old = state.rebuild
    if stage != FILLING or not state.losses:
        return
    late = {Late(key, B, row.version, row.content, old) for key, row in enumerate(chunk) if row}
    resumed = RECORDED if rules.progress == "answered" else FILLED
    yield (
        "the backfill is killed, and resumes",
        _stage(state, resumed)._replace(losses=state.losses - 1, late=tuple(sorted({*state.late, *late}))),
    )


def _begin(state: State, rules: Rules) -> Steps:
    if rules.snapshot == "young":
        yield "B is created and recorded as building", _stage(state, RECORDED)
    elif not state.rebuild.chunk:
        read = tuple(row if found(row) else None for row in state.rows)
        yield "the backfill opens its snapshot", state._replace(rebuild=Rebuild(NOT_BEGUN, read))
    else:
        yield "B is created and recorded as building", state._replace(rebuild=state.rebuild._replace(stage=FILLING))


def _fill(state: State) -> State:
    read = tuple(row if found(row) else None for row in state.rows)
    return state._replace(rebuild=Rebuild(FILLING, read) if any(read) else Rebuild(FILLED))


def _arrivals(state: State) -> Steps:
    """Let one document of the chunk reach B. A 409 is a success: a push has already sent a newer one."""
    for key, row in enumerate(state.rebuild.chunk):
        if row:
            after, outcome, _ = apply(state, key, B, row)
            label = f"the backfill's write of {key} at version {row.version} arrives at B"
            yield label, _stage(state, ABANDONED) if outcome == REFUSED else _received(after, key)


def _received(state: State, key: int) -> State:
    stage, chunk, old = state.rebuild
    left = put(chunk, key, None)
    return state._replace(rebuild=Rebuild(stage, left, old) if any(left) else Rebuild(FILLED))


def _swap(state: State, rules: Rules) -> Steps:
    if rules.swap == "alias":
        yield "the alias is moved to B", _swapped(state, SWAPPED)
    else:
        yield "B is recorded as live before the alias is moved", _stage(state, MISNAMED)


def _swapped(state: State, stage: int) -> State:
    return _stage(must_have(state, B, state.reported), stage)


def _afterwards(state: State, size: Size) -> Steps:
    if size.rebuild == "retire":
        emptied = put(state.indices, A, (None,) * size.keys)
        yield "A is deleted", _stage(state, DELETED)._replace(indices=emptied)
    elif size.rebuild == "rollback":
        yield "the alias is moved back to A", _stage(must_have(state, A, state.reported), SWAPPED_BACK)


def _stage(state: State, stage: int) -> State:
    return state._replace(rebuild=Rebuild(stage))
