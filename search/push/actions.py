"""What a push reads: entries, then rows, then targets, in one snapshot, and the operations they make.

The rows are read anew from the database, never taken from a signal's instance; the targets are never cached.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, cast

from django.core.exceptions import ValidationError
from elasticsearch.helpers import expand_action
from elasticsearch.serializer import OrjsonSerializer

from ..mapping.base import VersionedDocument
from ..mapping.column_rows import fetch_rows
from ..mapping.fingerprint import fingerprint
from ..mapping.keys import Key
from ..mapping.registry import document_instance, documents
from ..mapping.snapshot import snapshot
from ..models import EntryState, Index, IndexState
from ..outbox import entries
from ..outbox.entries import EntryRead
from ..outbox.outcomes import Answer, Outcome

serializer = OrjsonSerializer()
SEVERAL = 5  # rows from which on it takes longer to make instances of them than to ask for bare ones

# As text: see search/outbox/entries.py.
TARGETS = """SELECT * FROM "search_index" WHERE state <> 'retired'"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of a bulk: a document's write to one physical index, or its delete."""

    key: str
    name: str  # index or delete
    body: bytes  # the action's line and the document's, as sent
    trusted: bool  # the index is of this code's fingerprint, so that its refusal means the document is wrong


@dataclass(slots=True)
class Reading:
    """One consistent reading: the entries found, their operations, and answers known without asking the engine."""

    entries: dict[str, EntryRead] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    read_at: float = field(default_factory=monotonic)

    @property
    def deletes(self) -> set[str]:
        """The keys of which a delete is sent to any target: these settle before they are forgotten."""
        return {operation.key for operation in self.operations if operation.name == "delete"}


def read(keys: Collection[str], using: str) -> Reading:
    """Read these keys' entries, rows and targets. Keys without an entry are not in the answer: nothing waits."""
    reading = Reading()
    with snapshot(using):
        _entries(reading, keys, using)
        makers = {document_instance(document): found for document, found in _by_document(reading).items()}
        rows = {made_by: _rows(made_by, found, using) for made_by, found in makers.items()}
        targets = defaultdict(list)
        for index in Index.objects.using(using).raw(TARGETS):
            targets[index.alias].append(index)
        for made_by, found in rows.items():
            _plan(reading, made_by, found, targets[made_by._index._name])
    return reading


def _entries(reading: Reading, keys: Collection[str], using: str) -> None:
    """All entries, and the answers of those of which nothing is to be sent."""
    for entry in entries.read(keys, using):
        reading.entries[entry.key] = entry
        if entry.state == EntryState.DEAD:
            reading.answers[entry.key].append(Answer(Outcome.DEAD, entry.last_error))
        elif entry.state == EntryState.SETTLING and not entry.is_due:
            # To send it now would take the place of the second delete, which must come after the wait.
            reading.answers[entry.key].append(Answer(Outcome.SETTLING))


def _by_document(reading: Reading) -> dict[type[VersionedDocument], dict[str, Any]]:
    """Each document's keys to send, as {key: primary key}; a key that no document knows waits for code that does."""
    keys: dict[type[VersionedDocument], dict[str, Any]] = defaultdict(dict)
    known: dict[str, list[type[VersionedDocument]]] = {}  # of each label: a batch has many keys of few models
    for text in reading.entries.keys() - reading.answers.keys():
        key = Key.parse(text)
        try:
            if key.label not in known:
                known[key.label] = documents([key.model])
            found = known[key.label]
            pk = found[0].django.model._meta.pk.to_python(key.pk) if found else None
        except (LookupError, ValidationError):
            found, pk = [], None
        for document in found:
            keys[document][text] = pk
        if not found:
            reading.answers[text].append(Answer(Outcome.WAITING, "no registered document"))
    return keys


def _rows(made_by: VersionedDocument, keys: dict[str, Any], using: str) -> dict[str, Any]:
    """Each key's row that this document indexes; None where the row is gone or not to be indexed."""
    queryset = made_by.get_queryset().using(using).filter(pk__in=list(keys.values()))
    rows = {row.pk: row for row in (fetch_rows(made_by, queryset) if len(keys) >= SEVERAL else queryset)}
    return {
        key: row if (row := rows.get(pk)) is not None and made_by.should_index_object(row) else None
        for key, pk in keys.items()
    }


def _plan(reading: Reading, made_by: VersionedDocument, rows: dict[str, Any], targets: list[Index]) -> None:
    """Add the operations of one document's rows, one a target."""
    own = fingerprint(type(made_by))
    writable = [index for index in targets if index.accepts_fingerprint(own)]
    missing = _why_incomplete(targets, writable)
    for key, row in rows.items():
        if missing:
            reading.answers[key].append(Answer(Outcome.WAITING, missing))
        try:
            reading.operations.extend(_operations(made_by, reading.entries[key], row, writable, own))
        except Exception as error:  # a prepare() that fails for this row must not hold up the others
            reading.answers[key].append(Answer(Outcome.RETRY, f"prepare: {type(error).__name__}"))


def _why_incomplete(targets: list[Index], writable: list[Index]) -> str:
    """Why reaching every writable index is not yet success, or an empty text."""
    if not any(index.state == IndexState.LIVE for index in targets):
        return "no live index"
    return "an index of newer code" if len(writable) < len(targets) else ""


def _operations(made_by: Any, entry: EntryRead, row: Any, targets: list[Index], own: str) -> Iterator[Operation]:
    """The operations that bring one row, or its absence, to every target."""
    name = "delete" if row is None else "index"
    action = _delete(entry) if row is None else made_by._prepare_action(row, "index")
    header, source = cast(tuple[dict[str, Any], Any], expand_action(action))
    body = b"" if row is None else b"\n" + serializer.dumps(source)
    for index in targets:
        header[name]["_index"] = index.name
        yield Operation(entry.key, name, serializer.dumps(header) + body, index.fingerprint == own)


def _delete(entry: EntryRead) -> dict[str, Any]:
    """The delete of a row that is gone: it has no instance to ask, so the entry tells the version."""
    return {
        "_op_type": "delete",
        "_id": Key.parse(entry.key).pk,
        "version": entry.version,
        "version_type": "external_gte",
    }
