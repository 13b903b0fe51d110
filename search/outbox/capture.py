"""Capture: triggers that record every change of an indexed row in the outbox, in the transaction of the change.

They are installed after every `migrate` for every registered document, where missing or outdated. Where one was
missing, changes may have been missed, so all rows that it captures are queued.
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
from .triggers import TriggerPlan, spare_field, trigger_plans

logger = logging.getLogger(__name__)


def install(using: str = "default") -> list[str]:
    """Install missing and outdated triggers, drop orphaned ones, and return the labels of the models changed.

    Raise CaptureBusy or UnsupportedDatabase.
    """
    connection = connections[using]
    plans = _installable(connection)
    installed = introspection.triggers(connection)
    _drop_orphaned(connection, plans, set(installed))
    changed = [plan for plan in plans if not plan.is_installed(installed) and _install(connection, plan)]
    return sorted({plan.label for plan in changed})


def remove(using: str = "default") -> None:
    """Drop every trigger and function of capture: changes are not recorded from now on. Raise CaptureBusy."""
    connection = connections[using]
    with _installing(connection, "all models"):
        introspection.drop(connection, introspection.triggers(connection))


def status(using: str = "default") -> dict[str, bool]:
    """Return for each watched model's label whether its triggers are installed and up to date."""
    connection = connections[using]
    installed, by_label = introspection.triggers(connection), dict[str, bool]()
    for plan in trigger_plans(connection):
        by_label[plan.label] = by_label.get(plan.label, True) and plan.is_installed(installed)
    return by_label


def touch(model: type[Model], pks: Collection[Any], *, above: int = 0, using: str = "default") -> int:
    """Capture rows again, with versions higher than before and than `above`; return how many rows exist.

    One statement per row, in key order: all writers of several rows should lock them in this order.
    """
    spare = spare_field(model).name
    rows, touched = model._base_manager.using(using), 0
    for pk in sorted(pks):
        # SQLite's trigger fires only if a column other than `version` is named.
        touched += rows.filter(pk=pk).update(**{"version": Greatest(F("version"), above + 1), spare: F(spare)})
    return touched


def install_after_migrate(using: str, **kwargs: Any) -> None:
    """Install capture; the receiver of post_migrate."""
    for label in install(using):
        logger.info("capture installed for %s", label)


def drop_before_migrate(using: str, plan: list[tuple[Migration, bool]], **kwargs: Any) -> None:
    """Drop SQLite's triggers that name tables about to be migrated; the receiver of pre_migrate.

    Django alters an SQLite table by recreating it, and SQLite renames no table while a trigger names a missing one.
    The triggers are installed again after the migration, and the rows that they capture are queued.
    """
    connection = connections[using]
    app_labels = {migration.app_label for migration, _ in plan}
    if connection.vendor == "sqlite" and app_labels:
        names = {
            name
            for trigger_plan in trigger_plans(connection)
            if trigger_plan.app_labels & app_labels
            for name in trigger_plan.triggers
        }
        introspection.drop(connection, names & introspection.triggers(connection).keys())


def _installable(connection: BaseDatabaseWrapper) -> list[TriggerPlan]:
    """Return the plans whose tables exist; none before the outbox exists."""
    tables = set(connection.introspection.table_names())
    if not {Entry._meta.db_table, VersionFloor._meta.db_table} <= tables:
        return []
    return [plan for plan in trigger_plans(connection) if plan.tables <= tables]


def _drop_orphaned(connection: BaseDatabaseWrapper, plans: list[TriggerPlan], installed: set[str]) -> None:
    """Drop the triggers of models that have no document any longer: their entries could not be pushed."""
    if plans and (orphaned := installed - {name for plan in plans for name in plan.triggers}):
        with _installing(connection, ", ".join(sorted(orphaned))):
            introspection.drop(connection, orphaned)


def _install(connection: BaseDatabaseWrapper, plan: TriggerPlan) -> bool:
    """Install one plan, and queue its rows if a trigger was missing. Return False if another process just did."""
    with _installing(connection, plan.label), connection.cursor() as cursor:
        installed = introspection.triggers(connection)
        if plan.is_installed(installed):
            return False
        for sql in plan.statements(connection.vendor):
            cursor.execute(sql)
        if not all(installed.get(name) for name in plan.triggers):
            cursor.execute(plan.queue)
    return True


@contextmanager
def _installing(connection: BaseDatabaseWrapper, subject: str) -> Iterator[None]:
    """Run in one transaction under the installation lock; raise CaptureBusy if a table stays locked."""
    try:
        with transaction.atomic(using=connection.alias), introspection.installation_lock(connection):
            yield
    except OperationalError as error:
        if not introspection.is_lock_timeout(error):
            raise
        raise CaptureBusy(f"{subject}: {str(error).strip().splitlines()[0]}") from error
