"""Physical indices from their creation to their deletion."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django_elasticsearch_dsl import Document

from ..client import client, translate_errors
from ..exceptions import AliasIsAnIndex
from ..mapping.fingerprint import signed_body
from ..models import Index
from . import aliases, records
from .aliases import alias_of
from .lock import assert_not_held
from .template import put_template


@dataclass(frozen=True)
class Creation:
    """The result of `create`: `created` is False if the alias named an index; `replaced` names a wrong record."""

    name: str
    created: bool
    replaced: str = ""


def create(document: type[Document], using: str = "default") -> Creation:
    """Ensure that the alias names an index and that it is recorded as live.

    Harmless if there is one. Repairs what a crash or a restored database has left.
    """
    alias = alias_of(document)
    with translate_errors():
        put_template(alias)
        if name := aliases.alias_target(alias, using):
            return Creation(name, created=False, replaced=records.record_live(alias, name, using))
        name = _first_target(document, using)
        aliases.add_alias(alias, name)
        return Creation(name, created=True, replaced=records.record_live(alias, name, using))


def _first_target(document: type[Document], using: str) -> str:
    """Return the name of a recorded index for the alias: a new one, or one that a concurrent create has recorded."""
    targets = Index.objects.using(using).targets().filter(alias=alias_of(document))
    for index in targets:
        assert_not_held(index)
        if index_exists(index.name):
            return index.name
        index.delete()
    name = create_physical_index(document)
    try:
        with transaction.atomic(using=using):
            records.record_building(document, name, using)
            # A concurrent create that has ended is live; one that has not holds the only place for a building index.
            if targets.exclude(name=name).exists():
                raise IntegrityError("another create was faster")
    except IntegrityError:
        client().indices.delete(index=name)
        return targets.exclude(name=name).order_by("-created_at")[0].name
    return name


def create_physical_index(document: type[Document], **settings: Any) -> str:
    """Create an empty index that nothing names or writes to yet; `settings` override the document's own.

    Return its name.
    """
    name, body = new_index_name(alias_of(document)), signed_body(document)
    client().indices.create(index=name, mappings=body["mappings"], settings=body["settings"] | settings)
    return name


def new_index_name(alias: str) -> str:
    return f"{alias}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"


def index_exists(name: str) -> bool:
    return bool(client().indices.exists(index=name))


def count_unindexed(document: type[Document], name: str, using: str = "default") -> int:
    """Return how many more rows than documents there are."""
    with translate_errors():
        client().indices.refresh(index=name)
        indexed: int = client().count(index=name)["count"]
    rows: int = document().get_queryset().using(using).count()
    return max(0, rows - indexed)


def deletable_indices(alias: str, using: str = "default") -> list[str]:
    """Return the existing indices that the alias names or that are recorded for it.

    Raise AliasIsAnIndex if a plain index that was not adopted has the alias's name.
    """
    with translate_errors():
        response = client().indices.get(
            index=[alias, f"{alias}-*"], ignore_unavailable=True, filter_path="*.aliases,*.settings.index.uuid"
        )
    if alias in response and not records.is_adopted(alias, using):
        raise AliasIsAnIndex(alias)
    recorded = set(Index.objects.using(using).filter(alias=alias).values_list("name", flat=True))
    return sorted(name for name in response if name in recorded or alias in response[name].get("aliases", {}))


def delete(alias: str, using: str = "default") -> list[str]:
    """Delete all indices of the alias and their records; return the names. Raise RebuildRunning during a rebuild."""
    recorded = list(Index.objects.using(using).filter(alias=alias))
    for index in recorded:
        assert_not_held(index)
    names = deletable_indices(alias, using)
    delete_indices({*names, *(index.name for index in recorded)}, using)
    return names


def delete_indices(names: Collection[str], using: str) -> None:
    """Delete these indices, wherever they still exist.

    The records go first: a push must not find a target that is gone.
    """
    if names:
        Index.objects.using(using).filter(name__in=names).delete()
        with translate_errors():
            client().indices.delete(index=sorted(names), ignore_unavailable=True)
