"""What a push reads (entries, then rows, then targets, in one snapshot) and the bulk actions that it builds of them.

Rows are always read from the database, never taken from a signal's instance; targets are never cached.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import Error as DatabaseError
from elasticsearch.helpers import expand_action
from elasticsearch.serializer import OrjsonSerializer

from ..mapping.base import VersionedDocument
from ..mapping.column_rows import fetch_rows
from ..mapping.fingerprint import fingerprint
from ..mapping.keys import Key
from ..mapping.registry import document_instance, documents
from ..mapping.snapshot import snapshot
from ..models import EntryState, Index, IndexState
from ..outbox.entries import EntrySnapshot, read_entries
from ..outbox.outcomes import ActionResult, Outcome

logger = logging.getLogger(__name__)
serializer = OrjsonSerializer()
MIN_ROWS_FOR_VALUES = 5  # from this many rows on, reading plain columns is faster than making model instances

# Raw SQL, for the reason given in search/outbox/entries.py.
TARGETS = """SELECT * FROM "search_index" WHERE state <> 'retired'"""


@dataclass(frozen=True, slots=True)
class BulkAction:
    """One action of a bulk: write a document to one physical index, or delete it there."""

    key: str
    op_type: str  # index or delete
    body: bytes  # header line and source line, as sent
    same_fingerprint: bool  # the index has this code's mapping, so a refusal means that the document is wrong


@dataclass(slots=True)
class ReadResult:
    """One consistent read: entries by key, their actions, and action results known without asking Elasticsearch."""

    entries: dict[str, EntrySnapshot] = field(default_factory=dict)
    actions: list[BulkAction] = field(default_factory=list)
    action_results: dict[str, list[ActionResult]] = field(default_factory=lambda: defaultdict(list))
    read_at: float = field(default_factory=monotonic)

    @property
    def deleted_keys(self) -> set[str]:
        """The keys with a delete to any target: their entries settle before they are removed."""
        return {action.key for action in self.actions if action.op_type == "delete"}

    def add(self, other: "ReadResult") -> None:
        """Add a later read of other keys; `read_at` stays that of the earlier one."""
        self.entries |= other.entries
        self.actions += other.actions
        self.action_results |= other.action_results


def build_actions(keys: Collection[str], using: str) -> ReadResult:
    """Read the entries, rows and targets of these keys and return their actions. Keys without an entry are left out.

    If a row cannot be read, its entry fails alone: the keys are halved until it is found. Database errors are raised.
    """
    try:
        return read_snapshot(keys, using)
    except DatabaseError:
        raise
    except Exception as error:
        if len(keys) < 2:
            return _read_failed(keys, using, error)
        key_list = list(keys)
        middle = len(key_list) // 2
        result = build_actions(key_list[:middle], using)
        result.add(build_actions(key_list[middle:], using))
        return result


def read_snapshot(keys: Collection[str], using: str) -> ReadResult:
    """As build_actions, but fail for all keys if one row cannot be read."""
    result = ReadResult()
    with snapshot(using):
        _add_entries(result, keys, using)
        pks = {document_instance(document): pks for document, pks in _pks_by_document(result).items()}
        rows = {document: _read_rows(document, document_pks, using) for document, document_pks in pks.items()}
        targets = defaultdict(list)
        for index in Index.objects.using(using).raw(TARGETS):
            targets[index.alias].append(index)
        for document, document_rows in rows.items():
            _add_actions(result, document, document_rows, targets[document._index._name])
    return result


def index_action(document: VersionedDocument, row: Any, key: str, index_name: str) -> BulkAction:
    """Return the action that writes one row's document to one index of this code's mapping."""
    [body] = _bulk_bodies(document._prepare_action(row, "index"), [index_name])
    return BulkAction(key, "index", body, same_fingerprint=True)


def _add_entries(result: ReadResult, keys: Collection[str], using: str) -> None:
    for entry in read_entries(keys, using):
        result.entries[entry.key] = entry
        if entry.state == EntryState.DEAD:
            result.action_results[entry.key].append(ActionResult(Outcome.DEAD, entry.last_error))
        elif entry.state == EntryState.SETTLING and not entry.is_due:
            # Sent now, it would count as the second delete, which must come after the grace period.
            result.action_results[entry.key].append(ActionResult(Outcome.SETTLING))


def _pks_by_document(result: ReadResult) -> dict[type[VersionedDocument], dict[str, Any]]:
    """Return {key: primary key} of each document to send. A key of an unregistered model stays pending."""
    pks: dict[type[VersionedDocument], dict[str, Any]] = defaultdict(dict)
    by_label: dict[str, list[type[VersionedDocument]]] = {}  # a batch has many keys of few models
    for text in result.entries.keys() - result.action_results.keys():
        key = Key.parse(text)
        try:
            if key.label not in by_label:
                by_label[key.label] = documents([key.model])
            row_documents = by_label[key.label]
            pk = row_documents[0].django.model._meta.pk.to_python(key.pk) if row_documents else None
        except (LookupError, ValidationError):
            row_documents, pk = [], None
        for document in row_documents:
            pks[document][text] = pk
        if not row_documents:
            result.action_results[text].append(ActionResult(Outcome.BLOCKED, "no registered document"))
    return pks


def _read_rows(document: VersionedDocument, pks: dict[str, Any], using: str) -> dict[str, Any]:
    """Return each key's row, or None if the row is gone or not to be indexed."""
    queryset = document.get_queryset().using(using).filter(pk__in=list(pks.values()))
    rows = {row.pk: row for row in (fetch_rows(document, queryset) if len(pks) >= MIN_ROWS_FOR_VALUES else queryset)}
    return {
        key: row if (row := rows.get(pk)) is not None and document.should_index_object(row) else None
        for key, pk in pks.items()
    }


def _add_actions(result: ReadResult, document: VersionedDocument, rows: dict[str, Any], targets: list[Index]) -> None:
    own_fingerprint = fingerprint(type(document))
    writable = [index for index in targets if index.accepts_fingerprint(own_fingerprint)]
    blocked = _why_blocked(targets, writable)
    for key, row in rows.items():
        if blocked:
            result.action_results[key].append(ActionResult(Outcome.BLOCKED, blocked))
        try:
            actions = _row_actions(document, result.entries[key], row, writable, own_fingerprint)
        except Exception as error:  # a prepare() that fails for this row must not hold up the others
            result.action_results[key].append(ActionResult(Outcome.RETRY, f"prepare: {type(error).__name__}"))
        else:
            result.actions += actions


def _why_blocked(targets: list[Index], writable: list[Index]) -> str:
    """Return why reaching every writable index is not yet a success, or an empty text."""
    if not any(index.state == IndexState.LIVE for index in targets):
        return "no live index"
    return "an index of newer code" if len(writable) < len(targets) else ""


def _row_actions(
    document: VersionedDocument, entry: EntrySnapshot, row: Any, targets: list[Index], own_fingerprint: str
) -> list[BulkAction]:
    op_type = "delete" if row is None else "index"
    action = _delete_action(entry) if row is None else document._prepare_action(row, "index")
    bodies = _bulk_bodies(action, [index.name for index in targets])
    return [
        BulkAction(entry.key, op_type, body, index.fingerprint == own_fingerprint)
        for index, body in zip(targets, bodies, strict=True)
    ]


def _delete_action(entry: EntrySnapshot) -> dict[str, Any]:
    """Return the delete of a missing row. The entry has the version, since there is no instance."""
    return {
        "_op_type": "delete",
        "_id": Key.parse(entry.key).pk,
        "version": entry.version,
        "version_type": "external_gte",
    }


def _bulk_bodies(action: dict[str, Any], index_names: Sequence[str]) -> list[bytes]:
    """Return an action's header and source lines for each index; the source is serialized once."""
    header, source = cast(tuple[dict[str, dict[str, Any]], Any], expand_action(action))
    [metadata] = header.values()
    source_line = b"" if source is None else b"\n" + serializer.dumps(source)
    return [serializer.dumps(header) + source_line for metadata["_index"] in index_names]


def _read_failed(keys: Collection[str], using: str, error: Exception) -> ReadResult:
    """Return a failed result for the one row that cannot be read, until its code or the row is fixed."""
    logger.error("%s cannot be read", *keys, exc_info=error)
    result = ReadResult()
    for entry in read_entries(keys, using):
        result.entries[entry.key] = entry
        result.action_results[entry.key].append(ActionResult(Outcome.RETRY, f"read: {type(error).__name__}"))
    return result
