"""Explains one row: its version, its entry in the outbox, and what each index holds of it."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from elasticsearch import NotFoundError

from search.exceptions import SearchError
from search.index import indices
from search.index.engine import client, engine_errors
from search.models import Entry, EntryState, Index
from search.sync.keys import Key
from search.versioned import documents

ENTRY_FIELDS = ("version", "deleted", "state", "first_changed_at", "retry_at", "attempts", "last_error")


def explain(model: type[Model], pk: object, using: str = DEFAULT_DB_ALIAS) -> dict[str, Any]:
    """`status` is indexed, waiting, settling, dead, stale, absent or unknown; the rest says why.

    Shapes: `version` the row's or None; `entry` the outbox's or None; `indices` one object an index with its state
    and the version it holds (None: not there), or the engine's error.
    """
    key = Key(model._meta.label, str(pk))
    row = model._default_manager.using(using).filter(pk=pk).values_list("version", flat=True).first()
    entry = Entry.objects.using(using).filter(key=str(key)).values(*ENTRY_FIELDS).first()
    found = [_held(index, key.pk) for document in documents([model]) for index in _targets(document, using)]
    return {
        "key": str(key),
        "status": _status(row, entry, found),
        "version": row,
        "entry": entry,
        "indices": found,
    }


def _targets(document: Any, using: str) -> list[Index]:
    alias = indices.alias_of(document)
    return list(Index.objects.using(using).targets().filter(alias=alias).order_by("created_at"))


def _held(index: Index, pk: str) -> dict[str, Any]:
    """What one index holds of the row."""
    found: dict[str, Any] = {"name": index.name, "state": index.state, "version": None, "error": ""}
    try:
        with engine_errors():
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


def _status(row: int | None, entry: dict[str, Any] | None, found: list[dict[str, Any]]) -> str:
    """One word for the whole."""
    if entry:
        return "waiting" if entry["state"] == EntryState.PENDING else str(entry["state"])
    if not found or any(held["error"] for held in found):
        return "unknown"
    if all(held["version"] == row for held in found):
        return "absent" if row is None else "indexed"
    return "stale"
