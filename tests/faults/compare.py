"""The invariant: the index equals the database, and never shows a change that was rolled back."""

import threading
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError

from order_search.documents import OrderDocument
from search.models import Entry, EntryState
from tests.faults.urls import ROLLED_BACK
from tests.support import in_database, in_index
from tools.comparison import differing_keys

# The version and the fields of each document, by _id.
Documents = dict[str, tuple[int, dict[str, Any]]]


@dataclass
class Difference:
    """The documents that differ between index and database; false if none does."""

    missing: list[str] = field(default_factory=list)  # rows without a document
    stale: dict[str, list[str]] = field(
        default_factory=dict
    )  # documents that differ from their row, with the fields that do
    orphaned: list[str] = field(default_factory=list)  # documents without a row

    def __bool__(self) -> bool:
        return bool(self.missing or self.stale or self.orphaned)


def compare(index: Documents, database: Documents) -> Difference:
    """Compare ids, versions and every field."""
    missing, stale, orphaned = differing_keys(index, database)
    # A field that is null on one side and absent on the other is no difference.
    fields_by_id = {pk: fields for pk in sorted(stale) if (fields := differing_fields(index[pk], database[pk]))}
    return Difference(sorted(missing), fields_by_id, sorted(orphaned))


def differing_fields(document: tuple[int, dict[str, Any]], row: tuple[int, dict[str, Any]]) -> list[str]:
    """Return the names of the fields that differ, `_version` standing for the document's version."""
    fields = sorted(name for name in document[1].keys() | row[1].keys() if document[1].get(name) != row[1].get(name))
    return fields if document[0] == row[0] else ["_version", *fields]


def difference() -> Difference:
    """Compare the current index with the current database."""
    return compare(in_index(OrderDocument), in_database(OrderDocument))


def unconfirmed_entries() -> dict[str, int]:
    """Return the numbers of pending entries and of dead letters, without zeros."""
    states = (EntryState.PENDING, EntryState.DEAD)
    return {str(state): count for state in states if (count := Entry.objects.filter(state=state).count())}


class RollbackWatch(threading.Thread):
    """Search repeatedly for documents of transactions that were rolled back, without the proxy."""

    def __init__(self, engine: Elasticsearch) -> None:
        super().__init__(daemon=True)
        self.engine = engine
        self.seen: set[str] = set()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.1):
            self.search()

    def search(self) -> None:
        query = {"term": {"customer_name.keyword": ROLLED_BACK}}
        try:
            self.engine.indices.refresh(index=OrderDocument._index._name)
            response = self.engine.search(index=OrderDocument._index._name, query=query, source=False, size=100)
        except (ApiError, TransportError):
            return  # the index is closed or deleted, or the engine is down
        self.seen |= {hit["_id"] for hit in response["hits"]["hits"]}

    def stop(self) -> set[str]:
        """Stop, and return the ids of all such documents that were ever found."""
        self._over.set()
        self.join()
        self.search()
        return self.seen
