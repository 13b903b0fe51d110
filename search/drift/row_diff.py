"""The close look at single rows: what the database, the outbox and an index say of them, at rest.

Rows and entries are read in one snapshot, then the documents, then rows and entries again. A row that differs from
its document, stood still between the two readings and has no entry is drift; whatever moved is on its way by itself.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..client import client
from ..mapping.base import VersionedDocument
from ..mapping.checksum import checksum
from ..mapping.keys import Key
from ..mapping.snapshot import snapshot
from ..models import Entry, EntryState
from ..push.actions import serializer


class Kind(StrEnum):
    """How a document differs from its row."""

    MISSING = "missing"  # a row without a document
    STALE = "stale"  # a document of another version of the row
    ORPHANED = "orphaned"  # a document without a row
    ALTERED = "altered"  # the row's version, and not its contents: changed in the engine by hand
    PENDING = "pending"  # no drift: the change waits in the outbox
    DEAD = "dead"  # no drift: the engine refused it, and a dead letter says so


@dataclass(frozen=True, slots=True)
class Difference:
    """One document that differs from its row."""

    kind: Kind
    id: str
    version: int = 0  # the document's; 0 where there is none


@dataclass(frozen=True, slots=True)
class Seen:
    """A row or a document as it was seen."""

    version: int
    checksum: int | None
    source: Any = None  # only where contents are compared


@dataclass(frozen=True, slots=True)
class Moment:
    """The database's side at one moment: rows by id, and the state of each entry."""

    rows: dict[str, Seen]
    entries: dict[str, str]


class Looker:
    """Looks at rows and documents of one document class and one index."""

    def __init__(self, document: type[VersionedDocument], name: str, using: str, *, deep: bool = False) -> None:
        self.document = document()
        self.name = name
        self.using = using
        self.deep = deep
        self.label: str = document.django.model._meta.concrete_model._meta.label
        self.pk = document.django.model._meta.pk

    def differences(self, ids: Collection[str]) -> Iterator[Difference]:
        """Those of these ids whose document differs from its row at rest, or is awaited."""
        before = self.database(ids)
        documents = self.documents(ids)
        after = self.database(ids)
        for one in ids:
            row, document = before.rows.get(one), documents.get(one)
            if row == document or row != after.rows.get(one):
                continue
            state = after.entries.get(one) or before.entries.get(one)
            yield Difference(awaited(state) if state else kind(row, document), one, document.version if document else 0)

    def database(self, ids: Collection[str]) -> Moment:
        """Rows and entries of these ids, in one snapshot."""
        pks = [pk for one in ids if (pk := as_pk(self.pk, one)) is not None]
        with snapshot(self.using):
            rows = list(self.document.get_queryset().using(self.using).filter(pk__in=pks))
            seen = {str(row.pk): self.seen(row) for row in rows if self.document.should_index_object(row)}
            keys = [str(Key(self.label, one)) for one in ids]
            entries = Entry.objects.using(self.using).filter(key__in=keys).values_list("key", "state")
            return Moment(seen, {Key.parse(key).pk: state for key, state in entries})

    def seen(self, row: Any) -> Seen:
        """A row as its document should look."""
        source = json.loads(serializer.dumps(self.document.prepare(row))) if self.deep else None
        return Seen(row.version, checksum(row.pk, row.version), source)

    def documents(self, ids: Collection[str]) -> dict[str, Seen]:
        """The documents of these ids as they are now, refreshed or not."""
        include = None if self.deep else ["checksum"]
        answer = client().mget(index=self.name, ids=list(ids), source_includes=include)
        return {one["_id"]: self._stored(one) for one in answer["docs"] if one.get("found")}

    def _stored(self, one: dict[str, Any]) -> Seen:
        source = one.get("_source", {})
        return Seen(one["_version"], source.get("checksum"), source if self.deep else None)


def as_pk(field: Any, text: str) -> Any:
    """The primary key that a document's id stands for; None if no row can have it."""
    try:
        pk = field.to_python(text)
        field.run_validators(pk)
    except Exception:  # whatever the field says to it
        return None
    return pk if str(pk) == text else None


def kind(row: Seen | None, document: Seen | None) -> Kind:
    """What it is called."""
    if row is None:
        return Kind.ORPHANED
    if document is None:
        return Kind.MISSING
    return Kind.ALTERED if (row.version, row.checksum) == (document.version, document.checksum) else Kind.STALE


def awaited(state: str) -> Kind:
    """What an entry in this state means for its row."""
    return Kind.DEAD if state == EntryState.DEAD else Kind.PENDING
