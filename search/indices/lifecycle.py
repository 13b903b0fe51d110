"""The physical indices of a document: made, found by their alias, recorded with their state, deleted.

The engine's alias says what is searched and the database's records say what is written. Every step here leaves them
so that whatever the alias names is recorded as a target; a crash between two steps is mended by the next `create`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_elasticsearch_dsl import Document

from ..client import client, translate_errors
from ..exceptions import AliasIsAnIndex, AliasIsShared
from ..mapping.fingerprint import fingerprint, signed_body
from ..models import Index, IndexState
from .lock import refuse_if_held
from .template import put_template


@dataclass(frozen=True)
class Creation:
    """What `create` did: `made` is false when a live index was there; `replaced` names a record that was wrong."""

    name: str
    made: bool
    replaced: str = ""


def alias_of(document: type[Document]) -> str:
    """The name that is searched."""
    return str(document._index._name)


def new_name(alias: str) -> str:
    """A name for a new index: the alias and this moment in UTC."""
    return f"{alias}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"


def live(alias: str, using: str = "default") -> Index | None:
    """The record of the index that is searched, if there is one."""
    return Index.objects.using(using).live().filter(alias=alias).first()


def is_adopted(alias: str, using: str = "default") -> bool:
    """Whether a plain index of the alias's own name is recorded as live, until a rebuild replaces it."""
    return Index.objects.using(using).live().filter(name=alias).exists()


def behind(alias: str, using: str = "default") -> str | None:
    """The one index that the alias names, or an adopted one of its name. AliasIsAnIndex, AliasIsShared."""
    names = list(client().indices.get(index=alias, ignore_unavailable=True, filter_path="*.settings.index.uuid"))
    if alias in names and not is_adopted(alias, using):
        raise AliasIsAnIndex(alias)
    if len(names) > 1:
        raise AliasIsShared(f"{alias}: {', '.join(sorted(names))}")
    return names[0] if names else None


def exists(name: str) -> bool:
    """Whether the engine has an index of this name."""
    return bool(client().indices.exists(index=name))


def make(document: type[Document], **settings: Any) -> str:
    """A new empty index, that nothing names or writes yet; `settings` go over the document's own."""
    name, body = new_name(alias_of(document)), signed_body(document)
    client().indices.create(index=name, mappings=body["mappings"], settings=body["settings"] | settings)
    return name


def own_fingerprint(name: str) -> str:
    """The fingerprint that the index itself carries, or "" if it was not made by us."""
    mapping = client().indices.get_mapping(index=name)[name]["mappings"]
    return str(mapping.get("_meta", {}).get("fingerprint", ""))


def record_building(document: type[Document], name: str, using: str, owner: str = "") -> Index:
    """Record a new index as building: from now on pushes write to it. IntegrityError when another one is building."""
    alias, own = alias_of(document), fingerprint(document)
    old = live(alias, using)
    before = {old.fingerprint, *old.replaces} - {own} if old else set()
    with transaction.atomic(using=using):
        return Index.objects.using(using).create(
            name=name,
            alias=alias,
            state=IndexState.BUILDING,
            fingerprint=own,
            replaces=sorted(before),
            owner=owner,
            heartbeat_at=timezone.now() if owner else None,
        )


def record_live(alias: str, name: str, using: str, old_state: IndexState = IndexState.RETIRED) -> str:
    """Record that the alias names `name`, in one transaction; what was live before gets `old_state`. Its name or ""."""
    known = {"alias": alias, "state": IndexState.LIVE, "owner": "", "heartbeat_at": None}
    with transaction.atomic(using=using):
        indices = Index.objects.using(using).select_for_update().filter(alias=alias)
        old = indices.live().exclude(name=name).first()
        replaced = old.name if old else ""
        if old and old.name == alias:
            old.delete()  # a plain index that was adopted: the swap has deleted it, since the alias needs its name
        elif old:
            old.state = old_state
            old.save(update_fields=["state", "changed_at"])
        if not indices.filter(name=name, state=IndexState.LIVE).exists():
            Index.objects.using(using).update_or_create(
                name=name, defaults=known, create_defaults=known | {"fingerprint": own_fingerprint(name)}
            )
    return replaced


def point(alias: str, name: str) -> None:
    """Let the alias name an index, where it names none."""
    client().indices.put_alias(index=name, name=alias)


def create(document: type[Document], using: str = "default") -> Creation:
    """An index behind the alias, recorded as live; harmless when there is one. Mends what a crash has left."""
    alias = alias_of(document)
    with translate_errors():
        put_template(alias)
        if name := behind(alias, using):
            return Creation(name, made=False, replaced=record_live(alias, name, using))
        name = first_index(document, using)
        point(alias, name)
        return Creation(name, made=True, replaced=record_live(alias, name, using))


def first_index(document: type[Document], using: str) -> str:
    """The name of a recorded index to point the alias at: a new one, or the one that another create has begun."""
    records = Index.objects.using(using).targets().filter(alias=alias_of(document))
    for index in records:
        refuse_if_held(index)
        if exists(index.name):
            return index.name
        index.delete()  # the engine has lost it
    name = make(document)
    try:
        with transaction.atomic(using=using):
            record_building(document, name, using)
            # A create that has ended meanwhile is live; one that has not holds the place of the building index.
            if records.exclude(name=name).exists():
                raise IntegrityError("another create was quicker")
    except IntegrityError:
        client().indices.delete(index=name)
        return records.exclude(name=name).order_by("-created_at")[0].name
    return name


def ours(alias: str, using: str = "default") -> list[str]:
    """The engine's indices that the alias names or that are recorded. AliasIsAnIndex: its name is another's index."""
    fields = "*.aliases,*.settings.index.uuid"
    found = client().indices.get(index=[alias, f"{alias}-*"], ignore_unavailable=True, filter_path=fields)
    if alias in found and not is_adopted(alias, using):
        raise AliasIsAnIndex(alias)
    recorded = set(Index.objects.using(using).filter(alias=alias).values_list("name", flat=True))
    return sorted(name for name in found if name in recorded or alias in found[name].get("aliases", {}))


def delete(alias: str, using: str = "default") -> list[str]:
    """Delete the alias's indices and what is recorded of them, unasked; the names that are gone."""
    with translate_errors():
        records = Index.objects.using(using).filter(alias=alias)
        for index in records:
            refuse_if_held(index)
        names = ours(alias, using)
        records.delete()
        if names:
            client().indices.delete(index=names, ignore_unavailable=True)
    return names


def rows_waiting(document: type[Document], name: str, using: str = "default") -> int:
    """How many rows an index lacks, by count."""
    with translate_errors():
        client().indices.refresh(index=name)
        counted: int = client().count(index=name)["count"]
    rows: int = document().get_queryset().using(using).count()
    return max(0, rows - counted)
