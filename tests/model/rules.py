"""The rules of a model, by default those of the project, and its size."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """The decisions of the protocol. A mutation replaces one of them by an alternative that breaks it."""

    # Capture
    growing: bool = True  # an update or a delete draws above the row's version, whatever the clock says
    floor: bool = True  # an insert draws above the floor
    above_entry: bool = True  # an insert draws above its key's entry
    looked_again: bool = True  # ... and checks again after the unique index has accepted it
    # Push
    reads: tuple[str, ...] = ("ert",)  # entries, rows, targets: each text is one snapshot
    targets: str = "read"  # or cached (those of the process's start), or alias
    inside: bool = False  # a receiver pushes inside its transaction
    joins: bool = False  # a request joins a push that has read already
    success: str = "all"  # the targets that must say done: all, any, or the live one
    conflict: str = "raise"  # a 409: raise the row above it, count it as done, or only wait
    dead_letters: str = "fail"  # a request that finds one: fail, or count it as confirmed
    # Confirmation
    confirm: str = "token"  # names the entry by its token, or by a version (at most the one pushed)
    confirmations: int = 2  # of a delete
    wait: str = "settled"  # the time between the two counts from settled, or captured, or there is no wait
    early: bool = False  # any push that meets a settling delete sends it, also before it is due
    second: str = "read"  # whether it is the second: by the entry as it was read, or as it is at confirmation
    # Rebuild
    record: str = "first"  # the new index is recorded before the backfill, or after
    snapshot: str = "young"  # the backfill's is younger than the record, or older
    progress: str = "answered"  # the backfill's is recorded when the chunk is answered, or when it is sent
    swap: str = "alias"  # what moves first: the alias, or the database's record
    # After a restore
    repair: str = "touch"  # drift touches the row, or writes an entry only


@dataclass(frozen=True)
class Size:
    """The budgets of a world: each step of a kind uses up one of it."""

    keys: int = 1
    pushers: int = 2
    writes: int = 2
    kinds: tuple[str, ...] = ("insert", "update", "delete")  # also: hide (should_index_object), poison (is refused)
    open: int = 0  # transactions that stay open for a while; they may be rolled back
    losses: int = 0  # a push or a backfill loses its answers: a crash, a timeout, an answer lost, a late delivery
    refusals: int = 0  # one item is answered 429
    restarts: int = 0  # the engine forgets the versions of deletes
    steps_back: int = 0  # the clock is set back
    restores: int = 0  # the database goes back to its first state; drift repairs
    rebuild: str = ""  # the fate of the old index: retire it, standby, or rollback to it

    @property
    def keeps(self) -> bool:
        """Whether the old index is kept as a standby."""
        return self.rebuild != "retire"
