"""All indices of a document, as the database and Elasticsearch have them, and the removal of those no longer needed."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django_elasticsearch_dsl import Document

from ..client import client, translate_errors
from ..mapping.fingerprint import fingerprint
from ..models import Index, IndexState
from .aliases import alias_of
from .lifecycle import delete_indices
from .lock import is_held
from .records import stored_fingerprint

UNRECORDED, LOST = "unrecorded", "lost"  # only in Elasticsearch; only in the database
YOUNG = timedelta(hours=1)  # the record of an unrecorded index may still be about to be created


@dataclass(frozen=True)
class IndexInfo:
    """One index."""

    name: str
    alias: str
    state: str  # an IndexState, UNRECORDED or LOST
    searched: bool  # the alias names it
    documents: int
    bytes: int
    fingerprint: str
    matches_code: bool  # its fingerprint is this code's
    created_at: datetime
    changed_at: datetime
    building_owner: str = ""  # the owner that is building it now
    verified_at: datetime | None = None


def catalog(document: type[Document], using: str = "default") -> list[IndexInfo]:
    """Return every index of the document, the oldest first."""
    alias = alias_of(document)
    with translate_errors():
        existing = _existing_indices(alias)
        sizes = _sizes(list(existing))
        records = {index.name: index for index in Index.objects.using(using).filter(alias=alias)}
        infos = [
            _index_info(document, name, records.get(name), existing.get(name), *sizes.get(name, (0, 0)))
            for name in existing.keys() | records
        ]
    return sorted(infos, key=lambda info: info.created_at)


def _existing_indices(alias: str) -> dict[str, Any]:
    fields = ["*.aliases", "*.settings.index.creation_date"]
    by_pattern = client().indices.get(index=f"{alias}-*", filter_path=fields)
    by_alias = client().indices.get(index=alias, ignore_unavailable=True, filter_path=fields)
    generated = re.compile(re.escape(alias) + r"-\d{20}")
    indices = by_pattern.body | by_alias.body
    return {name: index for name, index in indices.items() if generated.fullmatch(name) or name in by_alias}


def _sizes(names: list[str]) -> dict[str, tuple[int, int]]:
    """Return the number of documents and bytes of each index."""
    if not names:
        return {}
    fields = ["indices.*.primaries.docs.count", "indices.*.total.store.size_in_bytes"]
    response = client().indices.stats(index=names, metric=["docs", "store"], filter_path=fields)
    return {
        name: (stats["primaries"]["docs"]["count"], stats["total"].get("store", {}).get("size_in_bytes", 0))
        for name, stats in response.get("indices", {}).items()
    }


def _index_info(
    document: type[Document], name: str, record: Index | None, existing: Any, documents: int, size: int
) -> IndexInfo:
    alias = alias_of(document)
    index_fingerprint = record.fingerprint if record else stored_fingerprint(name)
    created = _created_at(existing) if existing else record.created_at if record else timezone.now()
    return IndexInfo(
        name=name,
        alias=alias,
        state=LOST if existing is None else record.state if record else UNRECORDED,
        searched=existing is not None and (alias in existing.get("aliases", {}) or name == alias),
        documents=documents,
        bytes=size,
        fingerprint=index_fingerprint,
        matches_code=index_fingerprint == fingerprint(document),
        created_at=created,
        changed_at=record.changed_at if record else created,
        building_owner=record.owner if record and is_held(record) else "",
        verified_at=record.verified_at if record else None,
    )


def _created_at(existing: Any) -> datetime:
    return datetime.fromtimestamp(int(existing["settings"]["index"]["creation_date"]) / 1000, UTC)


def prunable(document: type[Document], using: str = "default", age: timedelta | None = None) -> list[IndexInfo]:
    """Return the indices that are safe to delete: retired, abandoned, lost or unrecorded.

    With `age` only those unchanged for that long, and standby indices too.
    """
    return [info for info in catalog(document, using) if is_prunable(info, age)]


def is_prunable(info: IndexInfo, age: timedelta | None) -> bool:
    """Return whether the index may be deleted. One that is searched or being built never may."""
    if info.searched or info.building_owner or info.state == IndexState.LIVE:
        return False
    unchanged_for = timezone.now() - info.changed_at
    if info.state == UNRECORDED:
        return unchanged_for > (YOUNG if age is None else age)
    if info.state == IndexState.STANDBY:
        return age is not None and unchanged_for >= age
    return unchanged_for >= (age or timedelta())


def prune(document: type[Document], using: str = "default", age: timedelta | None = None) -> list[str]:
    """Delete what `prunable` returns; return the names."""
    names = [info.name for info in prunable(document, using, age)]
    delete_indices(names, using)
    return names


def describe(info: IndexInfo) -> str:
    state = f"{info.state}, searched" if info.searched else info.state
    size = filesizeformat(info.bytes).replace("\xa0", " ")
    created = f"created {info.created_at:%Y-%m-%d %H:%M:%S} UTC"
    code = f"{info.fingerprint or 'no fingerprint'} {'matches' if info.matches_code else 'does not match'} the code"
    line = f"{info.name} {state}, {info.documents} documents, {size}, {created}, {code}"
    return f"{line}, being built by {info.building_owner}" if info.building_owner else line
