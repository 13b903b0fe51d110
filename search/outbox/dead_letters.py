"""Dead letters: entries whose document is refused for a named cause, until a new change, a replay or a discard."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ..exceptions import NotADeadLetter
from ..mapping.keys import Key
from ..models import Entry, EntryState, VersionFloor


def find(keys: Collection[str] | None, using: str) -> QuerySet[Entry]:
    """Return the dead letters of these keys (all if None), oldest first. Raise NotADeadLetter for any other key."""
    dead = Entry.objects.using(using).dead().order_by("first_changed_at", "key")
    if keys is None:
        return dead
    dead_keys = set(dead.filter(key__in=keys).values_list("key", flat=True))
    for key in keys:
        if key not in dead_keys:
            raise NotADeadLetter(key)
    return dead.filter(key__in=keys)


def replay(keys: Collection[str] | None, using: str) -> int:
    """Make dead letters due again, for use after their cause is fixed; return how many."""
    return find(keys, using).update(
        state=EntryState.PENDING, retry_at=timezone.now(), attempts=0, leased_until=None, last_error=""
    )


def discard(keys: Collection[str] | None, using: str) -> int:
    """Delete dead letters, leaving their documents as they are until the next change; return how many."""
    with transaction.atomic(using=using):
        entries = list(find(keys, using).select_for_update())
        for entry in entries:
            _raise_floor(Key.parse(entry.key).label, entry.version, using)
        return Entry.objects.using(using).filter(key__in=[entry.key for entry in entries]).delete()[0]


def _raise_floor(label: str, version: int, using: str) -> None:
    """Raise the model's floor to the version of an entry that is deleted, which knew it for its key alone."""
    floor, created = (
        VersionFloor.objects.using(using).select_for_update().get_or_create(model=label, defaults={"version": version})
    )
    if not created and floor.version < version:
        floor.version = version
        floor.save(update_fields=["version"])
