"""One state of the model: the database, the engine, and all who are under way. Tuples all through, to be hashed.

A *content* stands for what a row holds: the number of the write that made it, 0 for nothing to be found (no row, or
one that is not to be indexed), below 0 for one that the engine refuses.
"""

from collections.abc import Iterable
from typing import NamedTuple

from tests.model.rules import Size

A, B = 0, 1  # the indices: the first, and the one that a rebuild makes

# Where an entry stands; DUE: settling, and the wait is over
PENDING, SETTLING, DUE, DEAD = range(4)

# What an item was answered, by weight: an entry's is the heaviest of its items
DONE, RETRY, AHEAD, REFUSED = range(4)

# Where a rebuild stands
NOT_BEGUN, RECORDED, FILLING, FILLED, SWAPPED, LIVE, DELETED, SWAPPED_BACK, LIVE_AGAIN, ABANDONED, MISNAMED = range(11)


class Row(NamedTuple):
    """A row, or a document, or (content 0) a row that is not indexed, or a tombstone."""

    version: int
    content: int


class Entry(NamedTuple):
    """An entry of the outbox."""

    version: int
    token: int
    stage: int = PENDING


class Item(NamedTuple):
    """One key of a push that is under way."""

    key: int
    entry: Entry  # as it was read
    version: int
    content: int
    unanswered: frozenset[int]  # indices
    outcome: int = DONE
    ahead: int = 0  # the version that an index holds


class Push(NamedTuple):
    """A push under way: first it reads (`part` counts its snapshots), then its items are sent."""

    tickets: tuple[int, ...]  # for each key the newest change that a request waits for
    part: int = 0
    keys: tuple[int, ...] = ()
    entries: tuple[Entry | None, ...] = ()
    rows: tuple[Row | None, ...] = ()
    targets: frozenset[int] = frozenset()
    items: tuple[Item, ...] = ()
    old: bool = False  # it has read before the last delete settled


class Late(NamedTuple):
    """A write that nobody waits for any more, and that may still arrive."""

    key: int
    index: int
    version: int
    content: int
    old: bool


class Rebuild(NamedTuple):
    """A rebuild, and what its backfill has read and the engine not yet answered."""

    stage: int = NOT_BEGUN
    chunk: tuple[Row | None, ...] = ()
    old: bool = False


class Open(NamedTuple):
    """A transaction under way. `kind` insert: it has drawn a version, and holds no lock yet."""

    kind: str
    key: int
    version: int
    number: int  # of the write


class State(NamedTuple):
    """Everything."""

    rows: tuple[Row | None, ...]
    entries: tuple[Entry | None, ...]
    indices: tuple[tuple[Row | None, ...], ...]
    asked: tuple[int, ...]  # for each key the newest change whose request has no push yet
    told: tuple[int, ...]  # for each key the newest change of which a request was told `indexed`
    gone: tuple[int, ...]  # for each key a bit for each write that left nothing to be found
    clock: int
    drawn: int  # the last token and content
    floor: int = 0
    rolled_back: int = 0  # a bit for each content that was never committed
    open: Open | None = None
    pushes: tuple[Push, ...] = ()
    late: tuple[Late, ...] = ()
    rebuild: Rebuild = Rebuild()
    writes: int = 0
    opens: int = 0
    losses: int = 0
    refusals: int = 0
    restarts: int = 0
    steps_back: int = 0
    restores: int = 0
    forgot: bool = False  # the engine has restarted
    broken: str = ""  # the invariant that the step to this state has broken


def first(size: Size) -> State:
    """Every key has its row, in step with the one index."""
    rows = tuple(Row(10, 1 + key) for key in range(size.keys))
    nothing = (None,) * size.keys
    zeros = (0,) * size.keys
    return State(
        rows=rows,
        entries=nothing,
        indices=(rows, nothing),
        asked=zeros,
        told=zeros,
        gone=zeros,
        clock=10,
        drawn=size.keys,
        writes=size.writes,
        opens=size.open,
        losses=size.losses,
        refusals=size.refusals,
        restarts=size.restarts,
        steps_back=size.steps_back,
        restores=size.restores,
    )


def put(values: tuple, place: int, value: object) -> tuple:
    """The tuple with one value replaced."""
    return (*values[:place], value, *values[place + 1 :])


def found(row: Row | None) -> int:
    """The content that a search would find of this row or document."""
    return row.content if row else 0


def is_late(state: State) -> bool:
    """Whether anything that was read before the last delete settled may still arrive."""
    return any(push.old for push in state.pushes) or any(late.old for late in state.late) or state.rebuild.old


def age(state: State) -> State:
    """All that is under way has read before this moment."""
    return state._replace(
        pushes=ordered(push._replace(old=True) for push in state.pushes),
        late=tuple(sorted({late._replace(old=True) for late in state.late})),
        rebuild=state.rebuild._replace(old=bool(state.rebuild.chunk)),
    )


def ordered(pushes: Iterable[Push]) -> tuple[Push, ...]:
    """Pushes have no names: states that differ only in their order are one."""
    found = tuple(pushes)
    return tuple(sorted(found, key=hash)) if len(found) > 1 else found
