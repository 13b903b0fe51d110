"""Capture: the triggers by which the database itself notes every change of an indexed row, in its own transaction.

Installed after every `migrate` for every registered document, only when absent or changed. Where one was absent from
a table that has rows, all the rows it stands for are queued: nobody watched them.
"""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.models import F, Model
from django.db.models.functions import Greatest

from ..exceptions import CaptureBusy
from ..models import Entry, VersionFloor
from . import introspection
from .triggers import Plan, plans, spare_field

logger = logging.getLogger(__name__)


def install(using: str = "default") -> list[str]:
    """Install what is absent or changed; the labels of its models. Errors: CaptureBusy, UnsupportedDatabase."""
    connection = connections[using]
    wanted = _installable(connection)
    found = introspection.triggers(connection)
    _drop_strangers(connection, wanted, set(found))
    done = [plan for plan in wanted if not plan.fits(found) and _install(connection, plan)]
    return sorted({plan.label for plan in done})


def remove(using: str = "default") -> None:
    """Drop every trigger and function of capture. Changes are not noted from now on. Errors: CaptureBusy."""
    connection = connections[using]
    with _patience(connection, "all models"):
        introspection.drop(connection, introspection.triggers(connection))


def status(using: str = "default") -> dict[str, bool]:
    """Whether the triggers of each watched model are in place and as the code has them, by its label."""
    connection = connections[using]
    found, answer = introspection.triggers(connection), dict[str, bool]()
    for plan in plans(connection):
        answer[plan.label] = answer.get(plan.label, True) and plan.fits(found)
    return answer


def touch(model: type[Model], pks: Collection[Any], *, above: int = 0, using: str = "default") -> int:
    """Let rows be captured anew, with versions higher than before and than `above`; how many rows there were.

    One statement a row, in key order, as every writer of several rows should lock them.
    """
    spare = spare_field(model).name
    rows, touched = model._base_manager.using(using), 0
    for pk in sorted(pks):
        # SQLite's trigger fires only when a column other than `version` is named.
        touched += rows.filter(pk=pk).update(**{"version": Greatest(F("version"), above + 1), spare: F(spare)})
    return touched


def install_after_migrate(using: str, **kwargs: Any) -> None:
    """The receiver of post_migrate."""
    for label in install(using):
        logger.info("capture installed for %s", label)


def release_before_migrate(using: str, plan: list[tuple[Migration, bool]], **kwargs: Any) -> None:
    """The receiver of pre_migrate, for SQLite: it renames no table while a trigger elsewhere names one that is gone.

    Django alters an SQLite table by making it anew, so triggers that name a table of the apps to be migrated make
    room for it. They come back after the migration, and all the rows they stand for are queued.
    """
    connection = connections[using]
    apps = {migration.app_label for migration, _ in plan}
    if connection.vendor == "sqlite" and apps:
        names = {name for each in plans(connection) if each.names_apps & apps for name in each.triggers}
        introspection.drop(connection, names & introspection.triggers(connection).keys())


def _installable(connection: BaseDatabaseWrapper) -> list[Plan]:
    """The plans whose tables exist, once the outbox does."""
    tables = set(connection.introspection.table_names())
    if not {Entry._meta.db_table, VersionFloor._meta.db_table} <= tables:
        return []
    return [plan for plan in plans(connection) if plan.tables <= tables]


def _drop_strangers(connection: BaseDatabaseWrapper, wanted: list[Plan], found: set[str]) -> None:
    """Drop the triggers of models that no document is made of any more: nobody would push their entries."""
    if wanted and (strangers := found - {name for plan in wanted for name in plan.triggers}):
        with _patience(connection, ", ".join(sorted(strangers))):
            introspection.drop(connection, strangers)


def _install(connection: BaseDatabaseWrapper, plan: Plan) -> bool:
    """Install one plan, and queue what it stands for where a trigger was absent. False when another just did."""
    with _patience(connection, plan.label), connection.cursor() as cursor:
        found = introspection.triggers(connection)
        if plan.fits(found):
            return False
        for sql in plan.statements(connection.vendor):
            cursor.execute(sql)
        if not all(found.get(name) for name in plan.triggers):
            cursor.execute(plan.queue)
    return True


@contextmanager
def _patience(connection: BaseDatabaseWrapper, what: str) -> Iterator[None]:
    """All or nothing, one process at a time, and CaptureBusy where a table stays in use."""
    try:
        with transaction.atomic(using=connection.alias), introspection.turn(connection):
            yield
    except OperationalError as error:
        if not introspection.is_busy(error):
            raise
        raise CaptureBusy(f"{what}: {str(error).strip().splitlines()[0]}") from error
