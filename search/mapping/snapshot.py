"""One moment of the database for several reads: what entries, rows and targets are read in."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

BEGIN = {
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    # DEFERRED, whatever the settings say: IMMEDIATE would take the lock that writers wait for.
    "sqlite": "BEGIN DEFERRED",
}


@contextmanager
def snapshot(using: str) -> Iterator[None]:
    """All reads inside see one committed state; nothing is locked. Must not stand inside a transaction."""
    connection = connections[using]
    if connection.in_atomic_block:
        raise RuntimeError("A snapshot inside a transaction would show what is not committed. Open it outside.")
    with connection.cursor() as cursor:
        cursor.execute(BEGIN[connection.vendor])
        try:
            yield
        except BaseException:
            connection.close()  # whatever state it is in, the next use begins afresh
            raise
        cursor.execute("COMMIT")
