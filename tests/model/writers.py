"""The writers, and what the database captures of their changes: versions, entries, the floor."""

from collections.abc import Iterator

from tests.model.rules import Rules, Size
from tests.model.state import Entry, Open, Row, State, age, put

Steps = Iterator[tuple[str, State]]


def commits(state: State, rules: Rules, size: Size) -> Steps:
    """End the open transaction, and release its locks."""
    if state.open is None:
        return
    closed = state._replace(open=None)
    yield f"{_say(state.open)} commits", _commit(closed, state.open, rules)
    yield f"{_say(state.open)} is rolled back", _roll_back(closed, state.open)


def writes(state: State, rules: Rules, size: Size) -> Steps:
    """Begin any possible write, and commit it at once or leave it open."""
    if not state.writes:
        return
    ticked = state._replace(clock=state.clock + 1, drawn=state.drawn + 1, writes=state.writes - 1)
    may_open = state.opens and state.open is None
    for key, row in enumerate(state.rows):
        for kind in size.kinds:
            possible = _possible(kind, row) and not _locked(state, key)
            change = _execute(ticked, kind, key, rules) if possible or kind == "insert" else None
            if possible and change:
                yield _say(change), _commit(ticked, change, rules)
            # An insert draws before the unique index is asked: the row may still be there.
            if may_open and change:
                begun = age(ticked) if kind == "delete" and rules.wait == "captured" else ticked
                yield f"{_say(change)} begins", begun._replace(opens=state.opens - 1, open=change)


def steps_back(state: State, rules: Rules, size: Size) -> Steps:
    """Set the clock back, as by NTP, or by a failover to a host with a slow clock."""
    if state.steps_back:
        yield "the clock steps back", state._replace(clock=0, steps_back=state.steps_back - 1)


def _possible(kind: str, row: Row | None) -> bool:
    return (row is None) == (kind == "insert") and not (kind == "hide" and row and row.content == 0)


def _locked(state: State, key: int) -> bool:
    return state.open is not None and state.open.key == key and state.open.kind != "insert"


def _execute(state: State, kind: str, key: int, rules: Rules) -> Open:
    """Execute the statement, and leave its transaction open."""
    version = inserted(state, key, rules) if kind == "insert" else grown(state, key, rules)
    return Open(kind, key, version, state.drawn)


def _say(change: Open) -> str:
    """Describe a change for a trace."""
    return f"change {change.number}, {change.kind} of {change.key} at version {change.version},"


def grown(state: State, key: int, rules: Rules) -> int:
    """Return the version of an update or a delete."""
    if not rules.growing:
        return state.clock
    row = state.rows[key]
    assert row
    return max(row.version + 1, state.clock)


def inserted(state: State, key: int, rules: Rules) -> int:
    """Return the version of an insert: above all known versions of its key."""
    version, entry = state.clock, state.entries[key]
    if rules.floor:
        version = max(version, state.floor + 1)
    return max(version, entry.version + 1) if entry and rules.above_entry else version


def row_of(change: Open) -> Row | None:
    """Return the row as its transaction sees it."""
    if change.kind == "delete":
        return None
    return Row(change.version, {"hide": 0, "poison": -change.number}.get(change.kind, change.number))


def _commit(state: State, change: Open, rules: Rules) -> State:
    kind, key, version, number = change
    if kind == "insert":
        if state.rows[key] is not None:  # the unique index refuses it
            return _roll_back(state, change)
        # Numbers count what was committed, in that order.
        state, number = state._replace(drawn=state.drawn + 1), state.drawn + 1
        if rules.looked_again:
            version = max(version, inserted(state, key, rules))
    if kind in ("delete", "hide"):
        state = state._replace(gone=put(state.gone, key, state.gone[key] | 1 << number))
    return state._replace(
        rows=put(state.rows, key, row_of(Open(kind, key, version, number))),
        entries=put(state.entries, key, Entry(version, number)),
        asked=put(state.asked, key, number),
    )


def _roll_back(state: State, change: Open) -> State:
    return state._replace(rolled_back=state.rolled_back | 1 << change.number)


def touch(state: State, key: int, above: int, rules: Rules) -> State:
    """Raise a row, or the entry of a deleted one, above a version, as a captured change of the version alone."""
    row, entry = state.rows[key], state.entries[key]
    drawn = state.drawn + 1
    version = max(above + 1, grown(state, key, rules) if row else 0, entry.version + 1 if entry else 0)
    return state._replace(
        drawn=drawn,
        rows=put(state.rows, key, row and Row(version, row.content)),
        entries=put(state.entries, key, Entry(version, drawn)),
    )
