"""Entries as a push reads them: what the model says of them, in bare values."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from search.models import Entry
from search.outbox.entries import EntrySnapshot, read_entries
from tests.search.outbox_help import make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_other_pushes(settings: Any) -> None:
    settings.SEARCH_PUSH = "off"


def by_model(key: str) -> EntrySnapshot:
    """Return the expected snapshot, from a model instance."""
    entry = Entry.objects.get(key=key)
    return EntrySnapshot(
        entry.key, entry.version, entry.deleted, entry.token, entry.state,
        pytest.approx(entry.first_changed_at.timestamp(), abs=0.002),  # type: ignore[arg-type]
        entry.attempts, entry.leased_until is not None, entry.last_error, entry.retry_at <= timezone.now(),
    )  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"deleted": True, "state": "settling", "attempts": 3, "last_error": "document_parsing_exception: note"},
        {"leased_until": timezone.now() + timedelta(hours=1)},
        {"leased_until": timezone.now() - timedelta(hours=1)},
        {"retry_at": timezone.now() + timedelta(hours=1), "state": "dead"},
        {"first_changed_at": timezone.now() - timedelta(days=400, microseconds=1)},
    ],
)
def test_as_the_model_has_it(changes: dict[str, Any]) -> None:
    [key, _] = make(2)
    Entry.objects.filter(key=key).update(**changes)
    found = read_entries([key], "default")
    assert found == [by_model(key)]
    assert [type(value) for value in found[0]] == [
        type(value) for value in by_model(key)._replace(first_changed_at=1.0)
    ]


def test_a_key_without_an_entry_is_not_there() -> None:
    keys = make(3)
    Entry.objects.filter(key=keys[1]).delete()
    assert sorted(found.key for found in read_entries([*keys, "shop.Item:no'such"], "default")) == sorted(
        [keys[0], keys[2]]
    )


def test_nothing_is_asked_for() -> None:
    assert read_entries([], "default") == []
