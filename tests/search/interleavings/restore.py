"""A backup of some tables, and its restore: what no trigger sees, as with pg_restore or a copied file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

TABLES = ["orders_order", "search_outbox", "search_floor"]
Backup = dict[str, tuple[list[str], list[tuple[Any, ...]]]]


def backup() -> Backup:
    """Return every row of the tables."""
    backup = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table}")
            backup[table] = [column[0] for column in cursor.description], cursor.fetchall()
    return backup


def restore(saved: Backup) -> None:
    """Restore the tables to the backup, without any later change."""
    with unwatched(), connection.cursor() as cursor:
        for table, (columns, rows) in saved.items():
            cursor.execute(f"DELETE FROM {table}")
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


@contextmanager
def unwatched() -> Iterator[None]:
    """Disable all triggers inside."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = origin")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        yield
        for _, sql in triggers:
            cursor.execute(sql)
