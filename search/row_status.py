"""The status of one row: its version, its entry in the outbox, and what each index holds of it."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from elasticsearch import NotFoundError

from .client import client, translate_errors
from .exceptions import SearchError
from .indices import aliases
from .mapping.base import VersionedDocument
from .mapping.keys import Key
from .mapping.registry import documents
from .models import Entry, Index

ENTRY_FIELDS = ("version", "deleted", "state", "first_changed_at", "retry_at", "attempts", "last_error")
ENGINE_TIMEOUT = 1.0  # seconds for each index


def row_status(model: type[Model], pk: object, using: str = DEFAULT_DB_ALIAS) -> dict[str, Any]:
    """Return the status of a row, with its reasons.

    `status` is pending, settling or dead (the state of its entry), indexed, stale, absent (no row and no document) or
    unknown (no index, or Elasticsearch does not answer). `version` is the row's, or None. `entry` is the outbox entry,
    or None. `indices` has for each index its `name` and `state`, the row's `version` in it (None: no document), the
    `expected` version, and the `error` of Elasticsearch or "".
    """
    status = _read_status(model, pk, using)
    # A row that changes between the reads seems stale once.
    return _read_status(model, pk, using) if status["status"] == "stale" else status


def _read_status(model: type[Model], pk: object, using: str) -> dict[str, Any]:
    key = Key(model._meta.label, str(pk))
    version = model._default_manager.using(using).filter(pk=pk).values_list("version", flat=True).first()
    entry = Entry.objects.using(using).filter(key=str(key)).values(*ENTRY_FIELDS).first()
    copies = [copy for document in documents([model]) for copy in _copies(document, key.pk, using)]
    return {
        "key": str(key),
        "status": _summarize(entry, copies),
        "version": version,
        "entry": entry,
        "indices": copies,
    }


def _copies(document: type[VersionedDocument], pk: str, using: str) -> list[dict[str, Any]]:
    expected = _expected_version(document, pk, using)
    indices = Index.objects.using(using).targets().filter(alias=aliases.alias_of(document)).order_by("created_at")
    return [_copy(index, pk) | {"expected": expected} for index in indices]


def _expected_version(document: type[VersionedDocument], pk: str, using: str) -> int | None:
    """Return the row's version, or None if the row is deleted or the document leaves it out."""
    instance = document()
    row = instance.get_queryset().using(using).filter(pk=pk).first()
    return int(row.version) if row is not None and instance.should_index_object(row) else None


def _copy(index: Index, pk: str) -> dict[str, Any]:
    copy: dict[str, Any] = {"name": index.name, "state": index.state, "version": None, "error": ""}
    try:
        with translate_errors():
            copy["version"] = _indexed_version(index.name, pk)
    except SearchError as error:
        copy["error"] = str(error)
    return copy


def _indexed_version(name: str, pk: str) -> int | None:
    try:
        response = client(request_timeout=ENGINE_TIMEOUT).get(index=name, id=pk, source=False)
    except NotFoundError as error:
        if isinstance(error.body, dict) and "found" in error.body:  # the index exists, without this document
            return None
        raise
    return int(response["_version"])


def _summarize(entry: dict[str, Any] | None, copies: list[dict[str, Any]]) -> str:
    if entry:
        return str(entry["state"])
    if not copies or any(copy["error"] for copy in copies):
        return "unknown"
    if any(copy["version"] != copy["expected"] for copy in copies):
        return "stale"
    return "absent" if all(copy["expected"] is None for copy in copies) else "indexed"
