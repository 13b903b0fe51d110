"""The difference between an index and its database: documents that are missing, stale or orphaned."""

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)
Rows = dict[int, tuple[Any, ...]]  # the values that a search shows of each order, by id; alike for both sides


class Difference(NamedTuple):
    """The number of documents of each kind."""

    missing: int  # rows without a document
    stale: int  # documents that differ from their row
    orphaned: int  # documents without a row


IN_STEP = Difference(0, 0, 0)


def differing_keys(index: Mapping[Key, Any], database: Mapping[Key, Any]) -> tuple[set[Key], set[Key], set[Key]]:
    """Return the keys of the missing, the stale and the orphaned documents."""
    stale = {key for key in index.keys() & database.keys() if index[key] != database[key]}
    return database.keys() - index.keys(), stale, index.keys() - database.keys()


def compare(index: Rows, database: Rows) -> Difference:
    return Difference(*map(len, differing_keys(index, database)))
