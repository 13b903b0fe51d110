"""Introspection of capture's triggers in a database, and the lock that serializes their installation."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

PREFIX = "search_capture_"
LOCK_TIMEOUT = "2s"  # a table in use for longer is left as it is, since writers queue behind our lock request
INSTALLATION_LOCK = 7_235_841_112  # key of the advisory lock: any number that no other application uses

POSTGRESQL = """
    SELECT trigger.tgname, CASE WHEN trigger.tgenabled IN ('O', 'A') THEN obj_description(trigger.oid, 'pg_trigger') END
    FROM pg_trigger AS trigger JOIN pg_proc AS function ON function.oid = trigger.tgfoid
    WHERE NOT trigger.tgisinternal AND function.pronamespace = current_schema()::regnamespace
      AND position(%s IN function.proname) > 0
"""
SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND instr(name, %s) > 0"


def triggers(connection: BaseDatabaseWrapper) -> dict[str, str | None]:
    """Return each of capture's triggers with its signature: on PostgreSQL its comment, on SQLite its SQL.

    The signature of a disabled trigger is None.
    """
    with connection.cursor() as cursor:
        cursor.execute(POSTGRESQL if connection.vendor == "postgresql" else SQLITE, [PREFIX])
        return dict(cursor.fetchall())


def drop(connection: BaseDatabaseWrapper, names: Collection[str]) -> None:
    """Drop triggers by name. On PostgreSQL each function has its trigger's name and is dropped with it."""
    with connection.cursor() as cursor:
        for name in sorted(names):
            quoted = connection.ops.quote_name(name)
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP FUNCTION IF EXISTS {quoted}() CASCADE")
            else:
                cursor.execute(f"DROP TRIGGER IF EXISTS {quoted}")


@contextmanager
def installation_lock(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Hold the lock of installers until the transaction ends, and wait for tables at most LOCK_TIMEOUT inside."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s), current_setting('lock_timeout')", [INSTALLATION_LOCK])
        previous_timeout = cursor.fetchone()[1]
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        yield
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [previous_timeout])


def is_lock_timeout(error: OperationalError) -> bool:
    """Return whether another session's lock is the cause: PostgreSQL's lock_not_available, SQLite's busy."""
    return getattr(error.__cause__, "sqlstate", None) == "55P03" or "locked" in str(error)
