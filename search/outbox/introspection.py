"""What of capture a database has: its triggers, how to drop them, and how to wait for one's turn to change them."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

PREFIX = "search_capture_"
LOCK_TIMEOUT = "2s"  # a table that is busy for longer is left as it is: writers must not queue behind us
TURN = 7_235_841_112  # the advisory lock of those who install: any number that nobody else uses

POSTGRESQL = """
    SELECT trigger.tgname, CASE WHEN trigger.tgenabled IN ('O', 'A') THEN obj_description(trigger.oid, 'pg_trigger') END
    FROM pg_trigger AS trigger JOIN pg_proc AS function ON function.oid = trigger.tgfoid
    WHERE NOT trigger.tgisinternal AND function.pronamespace = current_schema()::regnamespace
      AND position(%s IN function.proname) > 0
"""
SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND instr(name, %s) > 0"


def triggers(connection: BaseDatabaseWrapper) -> dict[str, str | None]:
    """Capture's triggers and how to tell one from another code's: PostgreSQL its comment, SQLite its SQL.

    None where a trigger is disabled.
    """
    with connection.cursor() as cursor:
        cursor.execute(POSTGRESQL if connection.vendor == "postgresql" else SQLITE, [PREFIX])
        return dict(cursor.fetchall())


def drop(connection: BaseDatabaseWrapper, names: Collection[str]) -> None:
    """Drop triggers; on PostgreSQL by the function of the same name, which takes its trigger with it."""
    with connection.cursor() as cursor:
        for name in sorted(names):
            quoted = connection.ops.quote_name(name)
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP FUNCTION IF EXISTS {quoted}() CASCADE")
            else:
                cursor.execute(f"DROP TRIGGER IF EXISTS {quoted}")


@contextmanager
def turn(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Inside a transaction: wait for others who install, then for tables no longer than LOCK_TIMEOUT."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s), current_setting('lock_timeout')", [TURN])
        before = cursor.fetchone()[1]
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        yield
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [before])


def is_busy(error: OperationalError) -> bool:
    """Whether somebody else's lock is the cause: PostgreSQL's lock_not_available, SQLite's busy."""
    return getattr(error.__cause__, "sqlstate", None) == "55P03" or "locked" in str(error)
