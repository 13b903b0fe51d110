"""The engine: external versions, tombstones, the contents of each index, and the promises made about them."""

from collections.abc import Iterator

from tests.model.indices import alias, complete, exists
from tests.model.rules import Rules, Size
from tests.model.state import AHEAD, DONE, REFUSED, RETRY, Late, Row, State, found, put

Steps = Iterator[tuple[str, State]]


def apply(state: State, key: int, index: int, row: Row) -> tuple[State, int, int]:
    """Apply an item. Return the state after it, its outcome, and the version that it conflicts with."""
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
    """Let a write without a waiting push arrive or get lost."""
    for place, late in enumerate(state.late):
        remaining = state._replace(late=state.late[:place] + state.late[place + 1 :])
        yield f"{_name(late)} arrives", apply(remaining, late.key, late.target, Row(late.version, late.content))[0]
        yield f"{_name(late)} is lost", remaining


def _name(late: Late) -> str:
    kind = "write" if late.content else "delete"
    return f"late {kind} of key {late.key} at version {late.version} to {'AB'[late.target]}"


def restarts(state: State, rules: Rules, size: Size) -> Steps:
    """Restart the engine, which removes all tombstones, as index.gc_deletes does."""
    if state.restarts:
        kept = tuple(tuple(row if found(row) else None for row in index) for index in state.indices)
        yield (
            "the engine restarts and forgets its deletes",
            state._replace(indices=kept, restarts=state.restarts - 1, forgot=True),
        )


def _must_be_committed(state: State, content: int) -> State:
    """Break the state if an index has an uncommitted change."""
    if state.rolled_back >> content & 1 or (content and state.open and state.open.number == content):
        return state._replace(broken=f"an index holds change {content}, which is not committed")
    return state


def must_have(state: State, index: int, changes: tuple[int, ...]) -> State:
    """Break the state if this index does not have these reported changes (one for each key; 0: no change)."""
    for key, change in enumerate(changes):
        if change and not _has(state, index, key, change):
            text = (
                f"a request was answered `indexed` for change {change} of key {key}, which {'AB'[index]} does not have"
            )
            return state._replace(broken=text)
    return state


def _has(state: State, index: int, key: int, change: int) -> bool:
    """Return whether an index has this change of a key, or a newer one."""
    content = found(state.indices[index][key])
    if content >= change:
        return True
    left_nothing = bool(state.gone[key] >> change)
    # A restarted engine may show the row again until the second delete; until then this is left to drift.
    return left_nothing and (content == 0 or state.forgot)


def difference(state: State, size: Size) -> str:
    """Return how a searched or complete index differs from the database in a quiet state, or an empty text."""
    for index in complete(state, size.keeps) | {alias(state)}:
        for key, row in enumerate(state.rows):
            document = state.indices[index][key]
            if state.entries[key] is None and (document if found(document) else None) != (row if found(row) else None):
                return f"all is quiet, and {'AB'[index]} holds {document} where the database holds {row}"
    return ""
