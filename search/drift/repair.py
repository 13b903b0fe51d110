"""Repair: turn each difference into an ordinary change, and push it.

A row whose document is missing, stale or altered is touched, which raises its version above the document's: an entry
alone would be refused as older. An orphaned document gets a delete entry with the document's version.
"""

from collections.abc import Iterable, Sequence
from uuid import uuid4

from django.utils import timezone

from ..client import client
from ..mapping.base import VersionedDocument
from ..mapping.keys import Key, label_of
from ..models import Entry
from ..outbox import capture, transitions
from ..push.push import push_keys
from .compare import ROWS_PER_BATCH, batches
from .row_diff import Difference, DriftKind, as_pk

TOUCHED_KINDS = (DriftKind.MISSING, DriftKind.STALE, DriftKind.ALTERED)


def repair(document: type[VersionedDocument], name: str, differences: Iterable[Difference], using: str) -> int:
    """Repair these differences of the index `name`; return how many are confirmed. The relay pushes the others."""
    return sum(_repair_batch(document, name, batch, using) for batch in batches(differences, ROWS_PER_BATCH))


def _repair_batch(document: type[VersionedDocument], name: str, batch: Sequence[Difference], using: str) -> int:
    model = document.django.model._meta.concrete_model
    keys, deleted = [], 0
    for difference in batch:
        pk, key = as_pk(model._meta.pk, difference.id), str(Key(label_of(model), difference.id))
        if difference.kind in TOUCHED_KINDS:
            capture.touch(model, [pk], above=difference.version, using=using)
            keys.append(key)
        elif difference.kind == DriftKind.ORPHANED and pk is not None:
            add_delete_entry(key, difference.version, using)
            keys.append(key)
        elif difference.kind == DriftKind.ORPHANED:
            delete_unknown_document(name, difference)
            deleted += 1
    results = push_keys(keys, using)
    transitions.apply_results(results, using)
    return deleted + sum(result.done for result in results)


def delete_unknown_document(name: str, difference: Difference) -> None:
    """Delete a document whose id no row can have, so that no entry can name it."""
    client().delete(index=name, id=difference.id, version=difference.version, version_type="external_gte")


def add_delete_entry(key: str, version: int, using: str) -> None:
    """Add the entry that a trigger would have written for a delete. An entry that exists is newer and is kept."""
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
