"""Repair: makes what drift found a change like any other, and pushes it.

A row that is missing, stale or altered in the index is touched, which raises its version above the document's: an
entry alone would be refused as old. An orphan gets a delete entry with its document's version.
"""

from collections.abc import Iterable, Sequence
from uuid import uuid4

from django.utils import timezone

from ..client import client
from ..mapping.base import VersionedDocument
from ..mapping.keys import Key
from ..models import Entry
from ..outbox import capture, transitions
from ..push.push import push_keys
from .compare import BATCH, batches
from .row_diff import Difference, Kind, as_pk

TOUCHED = (Kind.MISSING, Kind.STALE, Kind.ALTERED)


def repair(document: type[VersionedDocument], name: str, differences: Iterable[Difference], using: str) -> int:
    """Repair what differs in the index `name`; how many are confirmed. The relay pushes what is not."""
    return sum(_repair(document, name, batch, using) for batch in batches(differences, BATCH))


def _repair(document: type[VersionedDocument], name: str, batch: Sequence[Difference], using: str) -> int:
    model = document.django.model._meta.concrete_model
    keys, removed = [], 0
    for one in batch:
        pk = as_pk(model._meta.pk, one.id)
        if one.kind in TOUCHED:
            capture.touch(model, [pk], above=one.version, using=using)
        elif one.kind == Kind.ORPHANED and pk is not None:
            bury_orphan(str(Key(model._meta.label, one.id)), one.version, using)
        else:
            removed += one.kind == Kind.ORPHANED and remove_stranger(name, one)
            continue
        keys.append(str(Key(model._meta.label, one.id)))
    results = push_keys(keys, using)
    transitions.apply_results(results, using)
    return removed + sum(result.done for result in results)


def remove_stranger(name: str, stranger: Difference) -> bool:
    """Delete a document whose id no row can have: there is nothing that an entry could stand for."""
    client().delete(index=name, id=stranger.id, version=stranger.version, version_type="external_gte")
    return True


def bury_orphan(key: str, version: int, using: str) -> None:
    """Note a delete as a trigger would have; an entry that came meanwhile knows better and stays."""
    now = timezone.now()
    entry = Entry(
        key=key,
        version=version,
        deleted=True,
        token=uuid4(),
        first_changed_at=now,
        changed_at=now,
        retry_at=now,
    )
    Entry.objects.using(using).bulk_create([entry], ignore_conflicts=True)
