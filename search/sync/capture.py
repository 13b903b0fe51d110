"""Capture: the triggers by which the database itself notes every change of an indexed row, in its own transaction.

Installed after every `migrate` for every registered document, only when absent or changed. Where one was absent from
a table that has rows, all its rows are queued: nobody watched it.
"""

import logging
from collections.abc import Collection
from typing import Any

from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Model
from django.db.models.functions import Greatest

from search.exceptions import CaptureBusy
from search.models import Entry
from search.sync.triggers import Plan, plans

log = logging.getLogger("search.capture")
LOCK_TIMEOUT = "2s"  # a table that is busy for longer is left as it is: writers must not queue behind us


def install(using: str = "default") -> list[str]:
    """Install what is absent or changed; the labels of its models. Errors: CaptureBusy, UnsupportedDatabase."""
    connection = connections[using]
    found = [plan for plan in _installable(connection) if not _installed(connection, plan)]
    for plan in found:
        try:
            with transaction.atomic(using=using):
                _install(connection, plan)
        except OperationalError as error:
            raise CaptureBusy(f"{plan.label}: {str(error).strip().splitlines()[0]}") from error
    return sorted({plan.label for plan in found})


def remove(using: str = "default") -> None:
    """Drop every trigger and function of capture. Changes are not noted from now on."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for name, table in _present(connection):
            on = f" ON {connection.ops.quote_name(table)}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace "
                "AND p.proname LIKE 'search\\_capture\\_%'"
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP FUNCTION {name}")


def status(using: str = "default") -> dict[str, bool]:
    """Whether the triggers of each watched model are in place and as the code has them, by its label."""
    connection = connections[using]
    found: dict[str, bool] = {}
    for plan in plans(connection):
        found[plan.label] = found.get(plan.label, True) and _installed(connection, plan)
    return found


def touch(model: type[Model], pks: Collection[Any], *, above: int = 0, using: str = "default") -> int:
    """Let rows be captured anew, with versions higher than before and than `above`; how many rows there were.

    One statement a row, in key order, as every writer of several rows should lock them.
    """
    field = next(f for f in model._meta.local_concrete_fields if f.name != "version")
    rows, touched = model._base_manager.using(using), 0
    for pk in sorted(pks):
        # SQLite's trigger fires only when a column other than `version` is named; a key set to itself is no change.
        touched += rows.filter(pk=pk).update(
            **{"version": Greatest(F("version"), above + 1), field.name: F(field.name)}
        )
    return touched


def install_after_migrate(using: str, **kwargs: Any) -> None:
    """The receiver of post_migrate."""
    for label in install(using):
        log.info("capture installed for %s", label)


def _installable(connection: BaseDatabaseWrapper) -> list[Plan]:
    """The plans whose tables exist, once the outbox does."""
    tables = set(connection.introspection.table_names())
    if not {Entry._meta.db_table, "search_floor"} <= tables:
        return []
    return [plan for plan in plans(connection) if plan.table in tables]


def _install(connection: BaseDatabaseWrapper, plan: Plan) -> None:
    """Install one plan, and queue the table's rows where a trigger was absent."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        names = {name for name, _ in _present(connection)}
        for function, sql in plan.functions.items():
            cursor.execute(sql)
            cursor.execute(f"COMMENT ON FUNCTION {function} IS 'capture {plan.hash}'")
        for name, sql in plan.triggers.items():
            if connection.vendor == "sqlite":
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(sql)
        if plan.queue and not names.issuperset(plan.triggers):
            cursor.execute(plan.queue)


def _installed(connection: BaseDatabaseWrapper, plan: Plan) -> bool:
    """Whether every trigger of the plan is present, enabled, and of this code."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            found = dict(cursor.fetchall())
            return all(found.get(name) == sql for name, sql in plan.triggers.items())
        if not {name for name, table in _present(connection) if table == plan.table}.issuperset(plan.triggers):
            return False
        for function in plan.functions:
            cursor.execute("SELECT obj_description(to_regprocedure(%s), 'pg_proc')", [function])
            if cursor.fetchone() != (f"capture {plan.hash}",):
                return False
    return True


def _present(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """Capture's enabled triggers and the tables they are on."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name, tbl_name FROM sqlite_master "
                "WHERE type = 'trigger' AND name LIKE 'search\\_capture\\_%' ESCAPE '\\'"
            )
        else:
            cursor.execute(
                "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
                "WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal "
                "AND t.tgname LIKE '%search\\_capture\\_%' AND t.tgenabled IN ('O', 'A')"
            )
        return [(str(name), str(table)) for name, table in cursor.fetchall()]
