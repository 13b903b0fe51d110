"""One consistent state of the database for several reads."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

BEGIN = {
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    # DEFERRED whatever the settings say: IMMEDIATE would take the lock that writers wait for.
    "sqlite": "BEGIN DEFERRED",
}


@contextmanager
def snapshot(using: str) -> Iterator[None]:
    """Run all reads inside in one transaction that sees one committed state and locks nothing.

    Raise RuntimeError inside another transaction.
    """
    connection = connections[using]
    if connection.in_atomic_block:
        raise RuntimeError("A snapshot inside a transaction would show what is not committed. Open it outside.")
    with connection.cursor() as cursor:
        cursor.execute(BEGIN[connection.vendor])
        try:
            yield
        except BaseException:
            connection.close()  # its state is unknown; the next use opens a new connection
            raise
        cursor.execute("COMMIT")
