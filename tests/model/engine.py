"""The engine: external versions, tombstones, what each index holds, and what is promised of it."""

from collections.abc import Iterator

from tests.model.indices import alias, complete, exists
from tests.model.rules import Rules, Size
from tests.model.state import AHEAD, DONE, REFUSED, RETRY, Late, Row, State, found, put

Steps = Iterator[tuple[str, State]]


def apply(state: State, key: int, index: int, row: Row) -> tuple[State, int, int]:
    """One item arrives: the state after it, its outcome, and the version that was in its way."""
    if not exists(state, index):
        return state, RETRY, 0
    if row.content < 0:
        return state, REFUSED, 0
    held = state.indices[index][key]
    if held is not None and held.version > row.version:
        return state, AHEAD, held.version
    applied = state._replace(indices=put(state.indices, index, put(state.indices[index], key, row)))
    return _must_be_committed(applied, row.content), DONE, 0


def late_writes(state: State, rules: Rules, size: Size) -> Steps:
    """A write that nobody waits for arrives, or never does."""
    for place, late in enumerate(state.late):
        left = state._replace(late=state.late[:place] + state.late[place + 1 :])
        yield f"{_name(late)} arrives", apply(left, late.key, late.index, Row(late.version, late.content))[0]
        yield f"{_name(late)} is lost", left


def _name(late: Late) -> str:
    kind = "write" if late.content else "delete"
    return f"late {kind} of key {late.key} at version {late.version} to {'AB'[late.index]}"


def restarts(state: State, rules: Rules, size: Size) -> Steps:
    """No tombstone is left; as after index.gc_deletes."""
    if state.restarts:
        kept = tuple(tuple(row if found(row) else None for row in index) for index in state.indices)
        yield (
            "the engine restarts and forgets its deletes",
            state._replace(indices=kept, restarts=state.restarts - 1, forgot=True),
        )


def _must_be_committed(state: State, content: int) -> State:
    """No index has what a transaction has not committed."""
    if state.rolled_back >> content & 1 or (content and state.open and state.open.number == content):
        return state._replace(broken=f"an index holds change {content}, which is not committed")
    return state


def must_have(state: State, index: int, changes: tuple[int, ...]) -> State:
    """What requests were told of these changes (one a key; 0 is none) is true of this index."""
    for key, change in enumerate(changes):
        if change and not _has(state, index, key, change):
            text = f"a request was told `indexed` of change {change} of key {key}, which {'AB'[index]} lacks"
            return state._replace(broken=text)
    return state


def _has(state: State, index: int, key: int, change: int) -> bool:
    """Whether an index has this change of a key, or a newer one."""
    content = found(state.indices[index][key])
    if content >= change:
        return True
    left_nothing = bool(state.gone[key] >> change)
    # Left to drift until the delete is sent again: an engine that forgot it may show the row once more.
    return left_nothing and (content == 0 or state.forgot)


def difference(state: State, size: Size) -> str:
    """In a quiet state: how an index that is searched or complete differs from the database, or an empty text."""
    for index in complete(state, size.keeps) | {alias(state)}:
        for key, row in enumerate(state.rows):
            document = state.indices[index][key]
            if state.entries[key] is None and (document if found(document) else None) != (row if found(row) else None):
                return f"all is quiet, and {'AB'[index]} holds {document} where the database holds {row}"
    return ""
