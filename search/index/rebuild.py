"""Rebuild: a new index beside the live one, filled from the database, verified, and swapped in at one stroke."""

from dataclasses import dataclass
from time import sleep

from django.db import IntegrityError

from search.conf import conf
from search.exceptions import RebuildIncomplete, RebuildRunning
from search.index import indices
from search.index.backfill import backfill, some
from search.index.engine import client, engine_errors
from search.index.template import put_template
from search.models import Index, IndexState
from search.versioned import VersionedDocument


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did."""

    name: str
    indexed: int
    replaced: str


def rebuild(document: type[VersionedDocument], using: str = "default", *, keep: bool = False) -> Rebuilt:
    """Build, fill, verify and swap in a new index. RebuildIncomplete leaves the old one as it was.

    `keep` lets the old one stand by, still written, for a rollback.
    """
    alias = indices.alias_of(document)
    with engine_errors():
        put_template(alias)
        old = indices.behind(alias)
        name = begin(document, using)
        try:
            indexed = fill(document, name, using)
        except Exception:
            discard(name, using)
            raise
        swap(alias, old, name)
        replaced = indices.record_live(alias, name, using, IndexState.STANDBY if keep else IndexState.RETIRED)
        if replaced and not keep:
            sleep(conf.PUSH_TIMEOUT)  # the longest push that may still write to it
            discard(replaced, using)
    return Rebuilt(name, indexed, replaced)


def begin(document: type[VersionedDocument], using: str) -> str:
    """Make the new index and record it: from here on every push writes to it too."""
    name = indices.make(document)
    try:
        indices.record_building(document, name, using)
    except IntegrityError:
        client().indices.delete(index=name)
        raise RebuildRunning(indices.alias_of(document)) from None
    return name


def fill(document: type[VersionedDocument], name: str, using: str) -> int:
    """Backfill and look whether all is there; how many documents were written."""
    progress = backfill(document, name, using)
    if progress.refused:
        raise RebuildIncomplete(f"refused {some(progress.refused)}")
    client().indices.refresh(index=name)
    return progress.indexed


def swap(alias: str, old: str | None, new: str) -> None:
    """Let the alias name the new index, in one call that fails if the alias has moved meanwhile."""
    actions = [{"remove": {"alias": alias, "index": old, "must_exist": True}}] if old else []
    client().indices.update_aliases(actions=[*actions, {"add": {"alias": alias, "index": new}}])


def discard(name: str, using: str) -> None:
    """Forget an index that is no target any more, and delete it."""
    Index.objects.using(using).filter(name=name).delete()
    client().indices.delete(index=name, ignore_unavailable=True)
