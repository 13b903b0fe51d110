"""All indices of a document, as the database's records and the engine have them; and the removal of what is over."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django_elasticsearch_dsl import Document

from ..client import client, translate_errors
from ..mapping.fingerprint import fingerprint
from ..models import Index, IndexState
from .lifecycle import alias_of, own_fingerprint
from .lock import is_held

UNRECORDED, LOST = "unrecorded", "lost"  # in the engine alone; in the database alone
YOUNG = timedelta(hours=1)  # an unrecorded index may be one whose record is about to be made


@dataclass(frozen=True)
class Listed:
    """One index."""

    name: str
    alias: str
    state: str  # an IndexState, UNRECORDED or LOST
    searched: bool  # the alias names it
    documents: int
    bytes: int
    fingerprint: str
    fits: bool  # its fingerprint is this code's
    created_at: datetime
    changed_at: datetime
    held: str = ""  # the owner that builds it now
    verified_at: datetime | None = None


def catalog(document: type[Document], using: str = "default") -> list[Listed]:
    """Every index of the document, the oldest first."""
    alias = alias_of(document)
    with translate_errors():
        found = in_engine(alias)
        sizes = stats(list(found))
        records = {index.name: index for index in Index.objects.using(using).filter(alias=alias)}
        listed = [listing(document, name, records.get(name), found.get(name), sizes) for name in found.keys() | records]
    return sorted(listed, key=lambda one: one.created_at)


def in_engine(alias: str) -> dict[str, Any]:
    """The engine's indices that are ours by name, or that the alias names."""
    fields = ["*.aliases", "*.settings.index.creation_date"]
    dated = client().indices.get(index=f"{alias}-*", filter_path=fields)
    named = client().indices.get(index=alias, ignore_unavailable=True, filter_path=fields)
    ours = re.compile(re.escape(alias) + r"-\d{20}")
    return {name: found for name, found in (dated.body | named.body).items() if ours.fullmatch(name) or name in named}


def stats(names: list[str]) -> dict[str, tuple[int, int]]:
    """Documents and bytes of each index."""
    if not names:
        return {}
    fields = ["indices.*.primaries.docs.count", "indices.*.total.store.size_in_bytes"]
    found = client().indices.stats(index=names, metric=["docs", "store"], filter_path=fields).get("indices", {})
    return {
        name: (one["primaries"]["docs"]["count"], one["total"].get("store", {}).get("size_in_bytes", 0))
        for name, one in found.items()
    }


def listing(document: type[Document], name: str, record: Index | None, found: Any, sizes: dict[str, Any]) -> Listed:
    """What is known of one index."""
    documents, size = sizes.get(name, (0, 0))
    made = record.fingerprint if record else own_fingerprint(name)
    created = created_at(found) if found else record.created_at if record else timezone.now()
    return Listed(
        name=name,
        alias=alias_of(document),
        state=LOST if found is None else record.state if record else UNRECORDED,
        searched=found is not None and (alias_of(document) in found.get("aliases", {}) or name == alias_of(document)),
        documents=documents,
        bytes=size,
        fingerprint=made,
        fits=made == fingerprint(document),
        created_at=created,
        changed_at=record.changed_at if record else created,
        held=record.owner if record and is_held(record) else "",
        verified_at=record.verified_at if record else None,
    )


def created_at(found: Any) -> datetime:
    """When the engine made it."""
    return datetime.fromtimestamp(int(found["settings"]["index"]["creation_date"]) / 1000, UTC)


def prunable(document: type[Document], using: str = "default", age: timedelta | None = None) -> list[Listed]:
    """What is over: retired, abandoned while building, lost, left over; with an age also what stands by for longer."""
    return [one for one in catalog(document, using) if is_over(one, age)]


def is_over(one: Listed, age: timedelta | None) -> bool:
    """Whether an index may go. Never what is searched, or what an owner builds."""
    if one.searched or one.held or one.state == IndexState.LIVE:
        return False
    idle = timezone.now() - one.changed_at
    if one.state == UNRECORDED:
        return idle > (YOUNG if age is None else age)
    if one.state == IndexState.STANDBY:
        return age is not None and idle >= age
    return idle >= (age or timedelta())


def prune(document: type[Document], using: str = "default", age: timedelta | None = None) -> list[str]:
    """Forget and delete what is over; the names."""
    over = prunable(document, using, age)
    with translate_errors():
        for one in over:
            Index.objects.using(using).filter(name=one.name).delete()
            client().indices.delete(index=one.name, ignore_unavailable=True)
    return [one.name for one in over]


def line(one: Listed) -> str:
    """One index in one line."""
    what = f"{one.state}, searched" if one.searched else one.state
    fits = "fits" if one.fits else "does not fit"
    made = f"made {one.created_at:%Y-%m-%d %H:%M:%S} UTC"
    code = f"{one.fingerprint or 'foreign'} {fits}"
    text = f"{one.name} {what}, {one.documents} documents, {size(one.bytes)}, {made}, {code}"
    return f"{text}, built by {one.held}" if one.held else text


def size(count: int) -> str:
    """Bytes as people read them."""
    amount, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"
