"""What an index lacks, has otherwise, or has too much, of what the database knows."""

from typing import Any, NamedTuple

Rows = dict[int, tuple[Any, ...]]  # what a searcher sees of each order, by its id; both sides in the same way


class Difference(NamedTuple):
    """How many documents of each kind."""

    missing: int  # rows that the index lacks
    stale: int  # rows that it has otherwise
    orphaned: int  # documents without a row


IN_STEP = Difference(0, 0, 0)


def compare(index: Rows, database: Rows) -> Difference:
    """Both sides, order by order."""
    stale = sum(index[each] != database[each] for each in index.keys() & database.keys())
    return Difference(len(database.keys() - index.keys()), stale, len(index.keys() - database.keys()))
