"""A restore of the database: pushers stopped, the wait over, drift repaired before anything runs again."""

from collections.abc import Iterator

from tests.model.rules import Rules, Size
from tests.model.state import NOT_BEGUN, A, Entry, State, first, found, put
from tests.model.writers import touch

Steps = Iterator[tuple[str, State]]


def restores(state: State, rules: Rules, size: Size) -> Steps:
    """The database goes back to its first state, and drift repairs what differs."""
    if not state.restores or state.pushes or state.late or state.open or state.rebuild.stage != NOT_BEGUN:
        return
    begin = first(size)
    back = state._replace(
        rows=begin.rows,
        entries=begin.entries,
        floor=begin.floor,
        asked=begin.asked,
        told=begin.told,
        restores=state.restores - 1,
    )
    for key in range(size.keys):
        back = _repair(back, key, rules)
    yield "the database is restored, and drift repairs", back


def _repair(state: State, key: int, rules: Rules) -> State:
    """A row that differs is touched; an orphan gets a delete's entry with the document's version."""
    document, row = state.indices[A][key], state.rows[key]
    if (document if found(document) else None) == (row if found(row) else None):
        return state
    if row and rules.repair == "touch":
        return touch(state, key, 0, rules)
    version = row.version if row else document.version
    return state._replace(drawn=state.drawn + 1, entries=put(state.entries, key, Entry(version, state.drawn + 1)))
