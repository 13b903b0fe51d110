"""Explains one row: its version, its entry in the outbox, and what each index holds of it."""

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
from .models import Entry, EntryState, Index

ENTRY_FIELDS = ("version", "deleted", "state", "first_changed_at", "retry_at", "attempts", "last_error")


def explain(model: type[Model], pk: object, using: str = DEFAULT_DB_ALIAS) -> dict[str, Any]:
    """What `look` finds; a row that seems stale is looked at again, since it may have changed under the first look."""
    found = look(model, pk, using)
    return look(model, pk, using) if found["status"] == "stale" else found


def look(model: type[Model], pk: object, using: str) -> dict[str, Any]:
    """`status` is indexed, waiting, settling, dead, stale, absent or unknown; the rest says why.

    Shapes: `version` the row's or None; `entry` the outbox's or None; `indices` one object an index with its state,
    the version it should hold and the one it holds (None: none), or the engine's error.
    """
    key = Key(model._meta.label, str(pk))
    row = model._default_manager.using(using).filter(pk=pk).values_list("version", flat=True).first()
    entry = Entry.objects.using(using).filter(key=str(key)).values(*ENTRY_FIELDS).first()
    found = [held for document in documents([model]) for held in _in_indices(document, key.pk, using)]
    return {
        "key": str(key),
        "status": _status(entry, found),
        "version": row,
        "entry": entry,
        "indices": found,
    }


def _in_indices(document: type[VersionedDocument], pk: str, using: str) -> list[dict[str, Any]]:
    """What each index of a document holds, beside what it should."""
    expected = _expected(document, pk, using)
    return [_held(index, pk) | {"expected": expected} for index in _targets(document, using)]


def _expected(document: type[VersionedDocument], pk: str, using: str) -> int | None:
    """The row's version, or None where the row is gone or the document leaves it out."""
    instance = document()
    row = instance.get_queryset().using(using).filter(pk=pk).first()
    return int(row.version) if row is not None and instance.should_index_object(row) else None


def _targets(document: type[VersionedDocument], using: str) -> list[Index]:
    alias = aliases.alias_of(document)
    return list(Index.objects.using(using).targets().filter(alias=alias).order_by("created_at"))


def _held(index: Index, pk: str) -> dict[str, Any]:
    """What one index holds of the row."""
    found: dict[str, Any] = {"name": index.name, "state": index.state, "version": None, "error": ""}
    try:
        with translate_errors():
            found["version"] = _version(index.name, pk)
    except SearchError as error:
        found["error"] = str(error)
    return found


def _version(name: str, pk: str) -> int | None:
    try:
        answer = client(request_timeout=1.0).get(index=name, id=pk, source=False)
    except NotFoundError as error:
        if isinstance(error.body, dict) and "found" in error.body:
            return None
        raise
    return int(answer["_version"])


def _status(entry: dict[str, Any] | None, found: list[dict[str, Any]]) -> str:
    """One word for the whole."""
    if entry:
        return "waiting" if entry["state"] == EntryState.PENDING else str(entry["state"])
    if not found or any(held["error"] for held in found):
        return "unknown"
    if any(held["version"] != held["expected"] for held in found):
        return "stale"
    return "absent" if all(held["expected"] is None for held in found) else "indexed"
