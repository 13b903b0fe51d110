"""A restore of the database: pushers are stopped and drift is repaired before anything runs again."""

from collections.abc import Iterator

from tests.model.rules import Rules, Size
from tests.model.state import NOT_BEGUN, A, Entry, State, first, found, put
from tests.model.writers import touch

Steps = Iterator[tuple[str, State]]


def restores(state: State, rules: Rules, size: Size) -> Steps:
    """Restore the database to its first state, and let drift repair the differences."""
    if not state.restores or state.pushes or state.late or state.open or state.rebuild.stage != NOT_BEGUN:
        return
    begin = first(size)
    back = state._replace(
        rows=begin.rows,
        entries=begin.entries,
        floor=begin.floor,
        asked=begin.asked,
        reported=begin.reported,
        restores=state.restores - 1,
    )
    for key in range(size.keys):
        back = _repair(back, key, rules)
    yield "the database is restored, and drift repairs", back


def _repair(state: State, key: int, rules: Rules) -> State:
    """Touch a row that differs, or add a delete entry with the document's version for an orphan."""
    document, row = state.indices[A][key], state.rows[key]
    if (document if found(document) else None) == (row if found(row) else None):
        return state
    if row and rules.repair == "touch":
        return touch(state, key, 0, rules)
    differing = row or document
    assert differing
    entry = Entry(differing.version, state.drawn + 1)
    return state._replace(drawn=state.drawn + 1, entries=put(state.entries, key, entry))
