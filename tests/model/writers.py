"""What writers do, and what the database captures with it: versions, entries, the floor."""

from collections.abc import Iterator

from tests.model.rules import Rules, Size
from tests.model.state import Entry, Open, Row, State, age, put

Steps = Iterator[tuple[str, State]]


def commits(state: State, rules: Rules, size: Size) -> Steps:
    """The open transaction ends, and with it what it holds up."""
    if state.open is None:
        return
    yield f"{state.open.kind} of {state.open.key} commits", _commit(state, rules)
    yield f"{state.open.kind} of {state.open.key} is rolled back", _roll_back(state)


def writes(state: State, rules: Rules, size: Size) -> Steps:
    """Every write that may begin now, committed at once or left open."""
    if not state.writes:
        return
    ticked = state._replace(clock=state.clock + 1, writes=state.writes - 1)
    for key, row in enumerate(state.rows):
        for kind in size.kinds:
            if _possible(kind, row) and not _locked(state, key):
                opened = _begin(ticked, kind, key, rules)
                yield f"{kind} of {key} at version {opened.open.version}", _commit(opened, rules)
                if state.opens and state.open is None and kind != "insert":
                    yield f"{kind} of {key} begins", opened._replace(opens=state.opens - 1)
        if state.opens and state.open is None and "insert" in size.kinds:
            # The trigger draws before the unique index is asked: the row may still be there.
            opened = _begin(ticked, "insert", key, rules)
            label = f"insert of {key} begins, drawing version {opened.open.version}"
            yield label, opened._replace(opens=state.opens - 1)


def steps_back(state: State, rules: Rules, size: Size) -> Steps:
    """An NTP step, or a failover to a host that is behind."""
    if state.steps_back:
        yield "the clock steps back", state._replace(clock=0, steps_back=state.steps_back - 1)


def _possible(kind: str, row: Row | None) -> bool:
    return (row is None) == (kind == "insert") and not (kind == "hide" and row.content == 0)


def _locked(state: State, key: int) -> bool:
    return state.open is not None and state.open.key == key and state.open.kind != "insert"


def _begin(state: State, kind: str, key: int, rules: Rules) -> State:
    """The statement is executed, and its transaction is open."""
    drawn = state.drawn + 1
    version = inserted(state, key, rules) if kind == "insert" else grown(state, key, rules)
    return state._replace(drawn=drawn, open=Open(kind, key, version, drawn))


def grown(state: State, key: int, rules: Rules) -> int:
    """The version of an update or a delete."""
    return max(state.rows[key].version + 1, state.clock) if rules.growing else state.clock


def inserted(state: State, key: int, rules: Rules) -> int:
    """The version of an insert: above all that the key ever had, as far as anything remembers."""
    version, entry = state.clock, state.entries[key]
    if rules.floor:
        version = max(version, state.floor + 1)
    return max(version, entry.version + 1) if entry and rules.above_entry else version


def row_of(state: State, key: int) -> Row | None:
    """The row as the open transaction sees it."""
    kind, _, version, number = state.open
    return None if kind == "delete" else Row(version, {"hide": 0, "poison": -number}.get(kind, number))


def _commit(state: State, rules: Rules) -> State:
    kind, key, version, number = state.open
    if kind == "insert":
        if state.rows[key] is not None:  # the unique index refuses it
            return _roll_back(state)
        if rules.looked_again:
            version = max(version, inserted(state, key, rules))
            state = state._replace(open=Open(kind, key, version, number))
    if kind in ("delete", "hide"):
        state = state._replace(gone=put(state.gone, key, state.gone[key] | 1 << number))
    if kind == "delete" and rules.wait == "captured":
        state = age(state)
    return state._replace(
        rows=put(state.rows, key, row_of(state, key)),
        entries=put(state.entries, key, Entry(version, number)),
        asked=put(state.asked, key, number),
        open=None,
    )


def _roll_back(state: State) -> State:
    return state._replace(open=None, rolled_back=state.rolled_back | 1 << state.open.number)


def touch(state: State, key: int, above: int, rules: Rules) -> State:
    """Raise a row, or the entry of one that is gone, above a version: a captured change that changes nothing else."""
    row, entry = state.rows[key], state.entries[key]
    drawn = state.drawn + 1
    version = max(above + 1, grown(state, key, rules) if row else 0, entry.version + 1 if entry else 0)
    return state._replace(
        drawn=drawn,
        rows=put(state.rows, key, row and Row(version, row.content)),
        entries=put(state.entries, key, Entry(version, drawn)),
    )
