"""A push by a request or a relay: read entries, rows and targets; send; report; confirm."""

from collections.abc import Iterator

from tests.model.engine import apply, must_have
from tests.model.indices import alias, complete, names, recorded
from tests.model.rules import Rules, Size
from tests.model.state import (
    AHEAD,
    DEAD,
    DONE,
    DUE,
    PENDING,
    REFUSED,
    RETRY,
    SETTLING,
    A,
    Entry,
    Item,
    Late,
    Open,
    Push,
    Row,
    State,
    age,
    is_late,
    ordered,
    put,
)
from tests.model.writers import row_of, touch

Steps = Iterator[tuple[str, State]]


def under_way(state: State, rules: Rules, size: Size) -> Steps:
    """Continue the pushes: read a snapshot, let an item arrive, or end when all items are answered."""
    for place, push in enumerate(state.pushes):
        if push.part < len(rules.reads):
            yield from _read(_without(state, place), push, rules, size)
        elif any(item.unanswered for item in push.items):
            yield from _arrivals(state, place, rules)
        else:
            yield f"a push ends: {_say(push)}", _end(_without(state, place), push, rules, size)


def begins(state: State, rules: Rules, size: Size) -> Steps:
    """Begin a request's push of its own changes, or a relay's push of what is due."""
    if any(state.asked) and rules.joins:
        for place, push in enumerate(state.pushes):
            joined = push._replace(tickets=tuple(map(max, push.tickets, state.asked)))
            label = "a request joins a push under way"
            yield label, _with(_without(state, place), joined)._replace(asked=(0,) * size.keys)
    if len(state.pushes) >= size.pushers:
        return
    if any(state.asked):
        keys = tuple(key for key, change in enumerate(state.asked) if change)
        push = Push(tickets=state.asked, keys=keys)
        yield from _read(state._replace(asked=(0,) * size.keys), push, rules, size, "a request's push ")
    due = tuple(key for key, entry in enumerate(state.entries) if entry and entry.stage in (PENDING, DUE))
    if due:
        yield from _read(state, Push(tickets=(0,) * size.keys, keys=due), rules, size, "a relay's push ")
    if rules.inside and state.open and state.open.kind != "insert":
        yield from _read(state, Push((0,) * size.keys, keys=(state.open.key,)), rules, size, "inside, a push ")


def grace_periods(state: State, rules: Rules, size: Size) -> Steps:
    """Let SEARCH_DELETE_GRACE_PERIOD pass after a delete settled: no sender takes that long."""
    for key, entry in enumerate(state.entries):
        if entry and entry.stage == SETTLING and (rules.wait == "none" or not is_late(state)):
            yield (
                f"the delete of {key} is due again",
                state._replace(entries=put(state.entries, key, entry._replace(stage=DUE))),
            )


def losses(state: State, rules: Rules, size: Size) -> Steps:
    """Let a push get no answer (a crash, a timeout, a lost answer), although its items may still arrive; or a 429."""
    for place, push in enumerate(state.pushes):
        if push.part < len(rules.reads):
            continue
        if state.losses:
            late = {
                Late(item.key, index, item.version, item.content, push.old)
                for item in push.items
                for index in item.unanswered
            }
            left = _without(state, place)
            label = "a push is lost"
            yield label, left._replace(losses=state.losses - 1, late=tuple(sorted({*state.late, *late})))
        if state.refusals:
            for number, item in enumerate(push.items):
                for index in item.unanswered:
                    answered = _answer(push, number, index, RETRY, 0, state, rules)
                    yield (
                        f"{'AB'[index]} answers 429 for {item.key}",
                        _with(_without(state, place), answered)._replace(refusals=state.refusals - 1),
                    )


def _read(state: State, push: Push, rules: Rules, size: Size, who: str = "the push ") -> Steps:
    """Read one or more of entries, rows and targets in one snapshot of the push."""
    what = rules.reads[push.part]
    inside = state.open if rules.inside and state.open and state.open.kind != "insert" else None
    if "e" in what:
        push = push._replace(entries=tuple(_readable(state, key, inside) for key in range(size.keys)))
    if "r" in what:
        rows = put(state.rows, inside.key, row_of(inside)) if inside else state.rows
        push = push._replace(rows=rows)
    if "t" in what:
        push = push._replace(targets=_targets(state, rules, size))
    push = push._replace(part=push.part + 1)
    if push.part < len(rules.reads):
        yield f"{who}reads {what}", _with(state, push)
        return
    push = _plan(state, push, rules)
    label = f"{who}reads {what}: {_say(push)} to {names(push.targets)}"
    push = push._replace(entries=(), rows=(), targets=frozenset(), keys=())
    yield label, _with(state, push) if push.items else _end(state, push, rules, size)


def _readable(state: State, key: int, inside: Open | None) -> Entry | None:
    if inside and inside.key == key:
        return Entry(inside.version, inside.number)
    return state.entries[key]


def _targets(state: State, rules: Rules, size: Size) -> frozenset[int]:
    if rules.targets == "cached":
        return frozenset({A})
    if rules.targets == "alias":
        return frozenset({alias(state)})
    return recorded(state, size.keeps, rules)


def _plan(state: State, push: Push, rules: Rules) -> Push:
    """Return the items for what was read: a row that is not indexed becomes a delete with its entry's version."""
    tickets, items = push.tickets, []
    for key in push.keys:
        entry, row = push.entries[key], push.rows[key]
        if entry and entry.stage == DEAD and rules.dead_letters == "fail":
            tickets = put(tickets, key, 0)
        if not entry or entry.stage == DEAD or (entry.stage == SETTLING and not rules.early):
            continue
        version, content = (row.version, row.content) if row and row.content else (entry.version, 0)
        items.append(Item(key, entry, version, content, push.targets))
    return push._replace(tickets=tickets, items=tuple(items))


def _arrivals(state: State, place: int, rules: Rules) -> Steps:
    """Let any item reach any of its indices: shards and indices work in parallel."""
    push = state.pushes[place]
    for number, item in enumerate(push.items):
        for index in item.unanswered:
            after, outcome, ahead = apply(state, item.key, index, Row(item.version, item.content))
            answered = _answer(push, number, index, outcome, ahead, state, rules)
            kind = "write" if item.content else "delete"
            label = f"the {kind} of {item.key} at version {item.version} arrives at {'AB'[index]}: {OUTCOMES[outcome]}"
            yield label, _with(_without(after, place), answered)


OUTCOMES = {DONE: "done", RETRY: "no index", AHEAD: "409", REFUSED: "refused"}


def _answer(push: Push, number: int, index: int, outcome: int, ahead: int, state: State, rules: Rules) -> Push:
    """Return the push after one answer: an entry's outcome is the heaviest of its items."""
    item = push.items[number]
    if outcome == AHEAD and rules.conflict == "done":
        outcome = DONE
    left = item.unanswered - {index}
    if rules.success == "any" and outcome == DONE:
        item, left = item._replace(outcome=DONE), frozenset()
    elif rules.success == "all" or index == alias(state):
        item = item._replace(outcome=max(item.outcome, outcome), ahead=max(item.ahead, ahead))
    return push._replace(items=put(push.items, number, item._replace(unanswered=left)))


def _end(state: State, push: Push, rules: Rules, size: Size) -> State:
    """Report to the requests, and record the outcome of each entry."""
    failed = {item.key for item in push.items if item.outcome != DONE}
    if any(push.tickets) and failed.isdisjoint(key for key, change in enumerate(push.tickets) if change):
        for index in complete(state, size.keeps) | {alias(state)}:
            state = must_have(state, index, push.tickets)
        state = state._replace(reported=tuple(map(max, state.reported, push.tickets)))
    for item in push.items:
        state = _record(state, item, rules)
    return state


def _record(state: State, item: Item, rules: Rules) -> State:
    """Remove, settle or raise an entry or mark it dead, if it is still the one that was read."""
    entry = state.entries[item.key]
    if not entry or not _same(entry, item, rules):
        return state
    if item.outcome == AHEAD and rules.conflict == "raise":
        return touch(state, item.key, item.ahead, rules)
    if item.outcome == REFUSED:
        return state._replace(entries=put(state.entries, item.key, entry._replace(stage=DEAD)))
    return state if item.outcome != DONE else _confirm(state, item, entry, rules)


def _same(entry: Entry, item: Item, rules: Rules) -> bool:
    return entry.token == item.entry.token if rules.confirm == "token" else entry.version <= item.version


def _confirm(state: State, item: Item, entry: Entry, rules: Rules) -> State:
    """Remove an entry that every target has; a delete only the second time."""
    gone = state._replace(entries=put(state.entries, item.key, None))
    if item.content:
        return gone
    counted = item.entry if rules.second == "read" else entry
    if rules.confirmations == 1 or (counted.stage != PENDING and entry.stage in (SETTLING, DUE)):
        return gone._replace(floor=max(state.floor, entry.version))
    if entry.stage != PENDING:
        return state
    settled = state._replace(entries=put(state.entries, item.key, entry._replace(stage=SETTLING)))
    return age(settled) if rules.wait == "settled" else settled


def _say(push: Push) -> str:
    """Return the items for a trace."""
    said = [f"{'write' if item.content else 'delete'} of {item.key} at {item.version}" for item in push.items]
    return ", ".join(said) or "nothing is pending"


def _without(state: State, place: int) -> State:
    return state._replace(pushes=state.pushes[:place] + state.pushes[place + 1 :])


def _with(state: State, push: Push) -> State:
    return state._replace(pushes=ordered((*state.pushes, push)))
