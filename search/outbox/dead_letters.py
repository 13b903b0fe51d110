"""Dead letters: entries whose document the engine refuses for a named cause, until a change, a replay or a discard."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ..exceptions import NotADeadLetter
from ..mapping.keys import Key
from ..models import Entry, EntryState, VersionFloor


def find(keys: Collection[str] | None, using: str) -> QuerySet[Entry]:
    """The dead letters of these keys, oldest first; all when None. NotADeadLetter names the first key that is none."""
    dead = Entry.objects.using(using).dead().order_by("first_changed_at", "key")
    if keys is None:
        return dead
    known = set(dead.filter(key__in=keys).values_list("key", flat=True))
    for key in keys:
        if key not in known:
            raise NotADeadLetter(key)
    return dead.filter(key__in=keys)


def replay(keys: Collection[str] | None, using: str) -> int:
    """Let them be pushed again now, since what they were refused for is mended; how many."""
    return find(keys, using).update(
        state=EntryState.PENDING, retry_at=timezone.now(), attempts=0, leased_until=None, last_error=""
    )


def discard(keys: Collection[str] | None, using: str) -> int:
    """Forget them: their documents stay as the index has them until the next change; how many."""
    with transaction.atomic(using=using):
        dead = list(find(keys, using).select_for_update())
        for entry in dead:
            _raise_floor(Key.parse(entry.key).label, entry.version, using)
        return Entry.objects.using(using).filter(key__in=[entry.key for entry in dead]).delete()[0]


def _raise_floor(label: str, version: int, using: str) -> None:
    """What the entry knew of its key's version, the floor knows from here on."""
    floor, made = (
        VersionFloor.objects.using(using).select_for_update().get_or_create(model=label, defaults={"version": version})
    )
    if not made and floor.version < version:
        floor.version = version
        floor.save(update_fields=["version"])
