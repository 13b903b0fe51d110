"""One state of the model: the database, the engine, and all that is in progress. All parts are tuples, to be hashable.

A *content* stands for the values of a row: the number of the write that made it, 0 if a search finds nothing (no
row, or one that is not indexed), negative if the engine refuses it.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from tests.model.rules import Size

T = TypeVar("T")

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
    """One key of a push in progress."""

    key: int
    entry: Entry  # as it was read
    version: int
    content: int
    unanswered: frozenset[int]  # indices
    outcome: int = DONE
    ahead: int = 0  # the version that an index holds


class Push(NamedTuple):
    """A push in progress: it reads (`part` counts its snapshots), and then its items are sent."""

    tickets: tuple[int, ...]  # for each key the newest change that a request waits for
    part: int = 0
    keys: tuple[int, ...] = ()
    entries: tuple[Entry | None, ...] = ()
    rows: tuple[Row | None, ...] = ()
    targets: frozenset[int] = frozenset()
    items: tuple[Item, ...] = ()
    old: bool = False  # it has read before the last delete settled


class Late(NamedTuple):
    """A write that no push waits for any longer, and that may still arrive."""

    key: int
    target: int
    version: int
    content: int
    old: bool


class Rebuild(NamedTuple):
    """A rebuild, with the chunk that its backfill has read and the engine has not answered yet."""

    stage: int = NOT_BEGUN
    chunk: tuple[Row | None, ...] = ()
    old: bool = False


class Open(NamedTuple):
    """An open transaction. An insert has drawn a version, and holds no lock yet."""

    kind: str
    key: int
    version: int
    number: int  # of the write


class State(NamedTuple):
    """The whole state."""

    rows: tuple[Row | None, ...]
    entries: tuple[Entry | None, ...]
    indices: tuple[tuple[Row | None, ...], ...]
    asked: tuple[int, ...]  # for each key the newest change whose request has no push yet
    reported: tuple[int, ...]  # for each key the newest change for which a request was answered `indexed`
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
    """Return the first state: every key has a row, and the only index equals the database."""
    rows = tuple(Row(10, 1 + key) for key in range(size.keys))
    nothing = (None,) * size.keys
    zeros = (0,) * size.keys
    return State(
        rows=rows,
        entries=nothing,
        indices=(rows, nothing),
        asked=zeros,
        reported=zeros,
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


def put(values: tuple[T, ...], place: int, value: T) -> tuple[T, ...]:
    """Return a copy of a tuple with one value replaced."""
    return (*values[:place], value, *values[place + 1 :])


def found(row: Row | None) -> int:
    """Return the content that a search finds of this row or document."""
    return row.content if row else 0


def is_late(state: State) -> bool:
    """Return whether anything that was read before the last delete settled may still arrive."""
    return any(push.old for push in state.pushes) or any(late.old for late in state.late) or state.rebuild.old


def age(state: State) -> State:
    """Mark everything in progress as read before this point."""
    return state._replace(
        pushes=ordered(push._replace(old=True) for push in state.pushes),
        late=tuple(sorted({late._replace(old=True) for late in state.late})),
        rebuild=state.rebuild._replace(old=bool(state.rebuild.chunk)),
    )


def ordered(pushes: Iterable[Push]) -> tuple[Push, ...]:
    """Sort pushes, so that states that differ only in their order are equal."""
    unsorted = tuple(pushes)
    return tuple(sorted(unsorted, key=hash)) if len(unsorted) > 1 else unsorted
