"""What tests of the outbox need: entries as capture writes them, and what a push may make of them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from search.mapping.keys import Key
from search.models import Entry
from search.outbox.entries import EntrySnapshot, read_entries
from search.outbox.outcomes import ActionResult, Outcome, PushResult
from tests.shop.models import Item


def make(count: int = 1) -> list[str]:
    """Create items with entries a minute old, the first the oldest. Return their keys."""
    items = [Item.objects.create(name=str(number)) for number in range(count)]
    keys = [str(Key.of(item)) for item in items]
    for number, key in enumerate(keys):
        age(key, 60 - number / 1000)
    return keys


def age(key: str, seconds: float) -> None:
    """Let the entry be that old, and due since then."""
    then = timezone.now() - timedelta(seconds=seconds)
    Entry.objects.filter(key=key).update(first_changed_at=then, changed_at=then, retry_at=then)


def change(key: str) -> None:
    """Change the row again, which replaces its entry."""
    Item.objects.filter(pk=Key.parse(key).pk).update(name="changed")


def pushed(key: str, outcome: Outcome = Outcome.DONE, *, deleted: bool = False, **answer: Any) -> PushResult:
    """Return a result for the entry as it is now."""
    return PushResult(read_entries([key], "default")[0], ActionResult(outcome, **answer), deleted)


def entry_snapshot(key: str) -> EntrySnapshot:
    """Return a pending entry as it was read; the database has none."""
    return EntrySnapshot(key, 1, False, uuid4(), "pending", 0.0, 0, False, "", True)


def row(key: str) -> dict[str, Any]:
    """Return the columns of an entry."""
    return dict(Entry.objects.values().get(key=key))


def seconds_until(moment: datetime) -> float:
    """Return the seconds from the database's current time to `moment`."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT clock_timestamp()")
            now: datetime = cursor.fetchone()[0]
            return (moment - now).total_seconds()
    return (moment - timezone.now()).total_seconds()
