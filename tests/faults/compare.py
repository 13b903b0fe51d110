"""The invariant: the index equals the database, and never showed what was rolled back."""

import threading
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError

from order_search.documents import OrderDocument
from search.models import Entry, EntryState
from tests.faults.urls import ROLLED_BACK
from tests.support import in_database, in_index

# A document's version and fields, by _id.
Documents = dict[str, tuple[int, dict[str, Any]]]


@dataclass
class Difference:
    """Where index and database differ; falsy where they do not."""

    missing: list[str] = field(default_factory=list)  # rows that the index lacks
    stale: dict[str, list[str]] = field(default_factory=dict)  # rows that it has otherwise, and in what
    orphaned: list[str] = field(default_factory=list)  # documents without a row

    def __bool__(self) -> bool:
        return bool(self.missing or self.stale or self.orphaned)


def compare(index: Documents, database: Documents) -> Difference:
    """Ids, versions and every field."""
    stale = {
        pk: found for pk in sorted(index.keys() & database.keys()) if (found := differing(index[pk], database[pk]))
    }
    return Difference(sorted(database.keys() - index.keys()), stale, sorted(index.keys() - database.keys()))


def differing(document: tuple[int, dict[str, Any]], row: tuple[int, dict[str, Any]]) -> list[str]:
    """The names of the fields that differ, `_version` for the document's own version."""
    fields = sorted(name for name in document[1].keys() | row[1].keys() if document[1].get(name) != row[1].get(name))
    return fields if document[0] == row[0] else ["_version", *fields]


def difference() -> Difference:
    """Index and database, as they are now."""
    return compare(in_index(OrderDocument), in_database(OrderDocument))


def waiting() -> dict[str, int]:
    """How many entries wait or are dead; both should be none."""
    states = (EntryState.PENDING, EntryState.DEAD)
    return {str(state): found for state in states if (found := Entry.objects.filter(state=state).count())}


class Watch(threading.Thread):
    """Looks again and again for documents of transactions that were rolled back, past the proxy."""

    def __init__(self, engine: Elasticsearch) -> None:
        super().__init__(daemon=True)
        self.engine = engine
        self.ever: set[str] = set()
        self.looks = 0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.1):
            self.look()

    def look(self) -> None:
        """One look."""
        query = {"term": {"customer_name.keyword": ROLLED_BACK}}
        try:
            self.engine.indices.refresh(index=OrderDocument._index._name)
            found = self.engine.search(index=OrderDocument._index._name, query=query, source=False, size=100)
        except (ApiError, TransportError):
            return  # closed, deleted or down for a while
        self.looks += 1
        self.ever |= {hit["_id"] for hit in found["hits"]["hits"]}

    def stop(self) -> set[str]:
        """End; the ids that were ever seen."""
        self._over.set()
        self.join()
        self.look()
        return self.ever
