"""Compare single rows: what the database, the outbox and an index hold of them while they do not change.

Rows and entries are read in one snapshot, then the documents, then rows and entries again. A row that differs from its
document, is the same in both snapshots and has no entry has drifted; any other difference is a change on its way.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..client import client
from ..mapping.base import VersionedDocument
from ..mapping.checksum import checksum
from ..mapping.keys import Key, label_of
from ..mapping.snapshot import snapshot
from ..models import Entry, EntryState
from ..push.actions import serializer


class DriftKind(StrEnum):
    """How a document differs from its row."""

    MISSING = "missing"  # a row without a document
    STALE = "stale"  # a document of another version of the row
    ORPHANED = "orphaned"  # a document without a row
    ALTERED = "altered"  # the row's version with other contents: changed in Elasticsearch by hand
    PENDING = "pending"  # no drift: the change is in the outbox, pending or settling
    DEAD = "dead"  # no drift: Elasticsearch refused the document, and a dead letter records it


NOT_DRIFT = (DriftKind.PENDING, DriftKind.DEAD)


@dataclass(frozen=True, slots=True)
class Difference:
    """One document that differs from its row."""

    kind: DriftKind
    id: str
    version: int = 0  # of the document; 0 if there is none


@dataclass(frozen=True, slots=True)
class RowState:
    """The state of a row, or of a document in the index."""

    version: int
    checksum: int | None
    source: Any = None  # the contents, only in a deep comparison


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Rows by id, and the state of each entry by id, as one transaction sees them."""

    rows: dict[str, RowState]
    entries: dict[str, str]


class RowComparer:
    """Compares rows of one document class with their documents in one index; `deep` compares the contents too."""

    def __init__(self, document: type[VersionedDocument], name: str, using: str, *, deep: bool = False) -> None:
        self.document = document()
        self.name = name
        self.using = using
        self.deep = deep
        self.label = label_of(document.django.model)
        self.pk = document.django.model._meta.pk

    def differences(self, ids: Collection[str]) -> Iterator[Difference]:
        """Yield differences of rows that did not change between both reads; with an entry they are pending or dead."""
        before = self.read_database(ids)
        documents = self.read_index(ids)
        after = self.read_database(ids)
        for id_ in ids:
            row, document = before.rows.get(id_), documents.get(id_)
            if row == document or row != after.rows.get(id_):
                continue
            entry_state = after.entries.get(id_) or before.entries.get(id_)
            kind = kind_of_pending(entry_state) if entry_state else kind_of_difference(row, document)
            yield Difference(kind, id_, document.version if document else 0)

    def read_database(self, ids: Collection[str]) -> Snapshot:
        pks = [pk for id_ in ids if (pk := as_pk(self.pk, id_)) is not None]
        with snapshot(self.using):
            queryset = self.document.get_queryset().using(self.using).filter(pk__in=pks)
            rows = {str(row.pk): self.row_state(row) for row in queryset if self.document.should_index_object(row)}
            keys = [str(Key(self.label, id_)) for id_ in ids]
            entries = Entry.objects.using(self.using).filter(key__in=keys).values_list("key", "state")
            return Snapshot(rows, {Key.parse(key).pk: state for key, state in entries})

    def row_state(self, row: Any) -> RowState:
        source = json.loads(serializer.dumps(self.document.prepare(row))) if self.deep else None
        return RowState(row.version, checksum(row.pk, row.version), source)

    def read_index(self, ids: Collection[str]) -> dict[str, RowState]:
        """Return the documents of these ids by id. A get by id also sees what was not yet refreshed."""
        include = None if self.deep else ["checksum"]
        response = client().mget(index=self.name, ids=list(ids), source_includes=include)
        return {item["_id"]: self._document_state(item) for item in response["docs"] if item.get("found")}

    def _document_state(self, item: dict[str, Any]) -> RowState:
        source = item.get("_source", {})
        return RowState(item["_version"], source.get("checksum"), source if self.deep else None)


def as_pk(field: Any, text: str) -> Any:
    """Return the primary key that a document's id stands for, or None if no row can have it."""
    try:
        pk = field.to_python(text)
        field.run_validators(pk)
    except Exception:  # a field may raise anything for a text that it cannot convert
        return None
    return pk if str(pk) == text else None


def kind_of_difference(row: RowState | None, document: RowState | None) -> DriftKind:
    if row is None:
        return DriftKind.ORPHANED
    if document is None:
        return DriftKind.MISSING
    same_version = (row.version, row.checksum) == (document.version, document.checksum)
    return DriftKind.ALTERED if same_version else DriftKind.STALE


def kind_of_pending(entry_state: str) -> DriftKind:
    """Return what a difference means for a row with an outbox entry in this state."""
    return DriftKind.DEAD if entry_state == EntryState.DEAD else DriftKind.PENDING
