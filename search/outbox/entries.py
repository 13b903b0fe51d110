"""Entries as a push reads them: what it needs of each, without Django's instances.

As text, since Django takes as long to write the queries anew for each push as all the rest of the reading takes. Bare
values, since an instance with its moments costs a relay 15 of the 90 microseconds of processor time an entry.
"""

import json
from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connections

STATEMENTS = {
    "postgresql": """SELECT key, version, deleted, token, state, extract(epoch FROM first_changed_at)::float8, attempts,
        leased_until IS NOT NULL, last_error, retry_at <= statement_timestamp()
        FROM "search_outbox" WHERE key = ANY(%s)""",
    "sqlite": """SELECT key, version, deleted, token, state, (julianday(first_changed_at) - 2440587.5) * 86400,
        attempts, leased_until IS NOT NULL, last_error, retry_at <= strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')
        FROM "search_outbox" WHERE key IN (SELECT value FROM json_each(%s))""",
}


class EntryRead(NamedTuple):
    """An entry (search.models.Entry) as it was read. Who writes down what became of it names its key and token."""

    key: str
    version: int
    deleted: bool
    token: UUID
    state: str  # of EntryState
    first_changed_at: float  # seconds since 1970
    attempts: int
    is_leased: bool  # a relay claimed it
    last_error: str
    is_due: bool


def read(keys: Collection[str], using: str) -> list[EntryRead]:
    """The entries of these keys; none for a key of which nothing waits."""
    connection = connections[using]
    named: Any = list(keys) if connection.vendor == "postgresql" else json.dumps(list(keys))
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS[connection.vendor], [named])
        found = [EntryRead(*row) for row in cursor.fetchall()]
    return found if connection.vendor == "postgresql" else [_typed(entry) for entry in found]


def _typed(entry: EntryRead) -> EntryRead:
    """SQLite knows neither tokens nor truth."""
    return entry._replace(
        token=UUID(str(entry.token)),
        deleted=bool(entry.deleted),
        is_leased=bool(entry.is_leased),
        is_due=bool(entry.is_due),
    )
