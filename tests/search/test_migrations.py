"""The migrations of search: an earlier version's tables are kept."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection

from search.models import BackfillRange, Index, VersionFloor

pytestmark = [pytest.mark.conformance, pytest.mark.django_db(transaction=True)]


def test_the_new_names_keep_the_rows() -> None:
    heartbeat = datetime(2026, 11, 24, tzinfo=UTC)
    index = Index.objects.create(name="a-1", alias="a", state="building", fingerprint="f", heartbeat_at=heartbeat)
    BackfillRange.objects.create(index=index, number=0, indexed=5)
    VersionFloor.objects.create(model="orders.Order", version=7)
    call_command("migrate", "search", "0002", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT beat_at IS NULL FROM search_index")
        assert cursor.fetchall() == [(False,)]
    call_command("migrate", "search", verbosity=0)
    assert Index.objects.get().heartbeat_at == heartbeat
    assert BackfillRange.objects.get().indexed == 5
    assert VersionFloor.objects.get().version == 7
