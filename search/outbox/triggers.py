"""The SQL of capture's triggers for each database and watched model. Nothing here executes it.

The statements are in sql/capture_postgresql.sql and sql/capture_sqlite.sql; this module fills in names.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from string import Template
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import truncate_name
from django.db.models import Field, Model, UUIDField

from ..exceptions import UnsupportedDatabase
from ..mapping.keys import sqlite_uuid_text
from ..mapping.registry import documents
from ..models import Entry
from .introspection import PREFIX
from .relations import Path, joins
from .statements import load_statements


@dataclass
class TriggerPlan:
    """What watches one table: triggers as {name: SQL}, the functions they call, and the SQL that queues its rows."""

    label: str
    table: str  # as SQL names it
    tables: set[str]  # all that must exist, unquoted
    app_labels: set[str]  # of the models that the triggers name, other than the watched one
    queue: str
    triggers: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)

    def is_installed(self, installed: dict[str, str | None]) -> bool:
        return all(installed.get(name) == (self.signature or sql) for name, sql in self.triggers.items())

    @property
    def signature(self) -> str:
        """The comment on each of PostgreSQL's triggers, which changes with any SQL of the plan; empty on SQLite."""
        text = "\n".join([*self.functions.values(), *self.triggers.values()])
        return f"capture {sha256(text.encode()).hexdigest()[:16]}" if self.functions else ""

    def statements(self, vendor: str) -> Iterator[str]:
        yield from self.functions.values()
        for name, sql in self.triggers.items():
            if vendor == "sqlite":
                yield f'DROP TRIGGER IF EXISTS "{name}"'
            yield sql
            if vendor == "postgresql":
                yield f"COMMENT ON TRIGGER {name} ON {self.table} IS '{self.signature}'"
        # Any role could otherwise attach a SECURITY DEFINER function to a table of its own and write the outbox.
        for function in self.functions:
            yield f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC"


def trigger_plans(connection: BaseDatabaseWrapper) -> list[TriggerPlan]:
    """Return a plan for every model of a registered document, and for every related model that a document captures."""
    if connection.vendor == "postgresql":
        row_plan, touch_plan = _postgresql_plan, _postgresql_touch_plan
    elif connection.vendor == "sqlite":
        row_plan, touch_plan = _sqlite_plan, _sqlite_touch_plan
    else:
        raise UnsupportedDatabase(connection.vendor)
    plans: dict[tuple[type[Model], type[Model] | None, str], TriggerPlan] = {}
    for document in documents():
        model = document.django.model._meta.concrete_model
        plans[model, None, ""] = row_plan(connection, model)
        for child, path in document.capture.items():
            plans[model, child, path] = touch_plan(connection, model, child._meta.concrete_model or child, path)
    return list(plans.values())


def spare_field(model: type[Model]) -> "Field[Any, Any]":
    """Return a field that may be set to itself; not the key if possible, whose foreign keys would be checked."""
    fields = [model_field for model_field in _captured_fields(model) if not model_field.primary_key]
    return fields[0] if fields else model._meta.pk


def _captured_fields(model: type[Model]) -> "list[Field[Any, Any]]":
    return [
        model_field
        for model_field in model._meta.local_concrete_fields
        if model_field.name != "version" and not model_field.generated
    ]


def _fill(vendor: str, name: str, values: dict[str, str]) -> str:
    """Fill a statement of sql/capture_<vendor>.sql; the file's texts without names may be used in all others."""
    statements = load_statements(f"capture_{vendor}.sql")
    return Template(statements[name]).substitute(statements | values)


def _name(*parts: str) -> str:
    """Return a database identifier, distinct for distinct models and short enough for PostgreSQL."""
    words = [word.replace("_", "__") for part in parts for word in part.lower().split(".")]
    return truncate_name(PREFIX + "_".join(words), 60)


def _column(model_field: "Field[Any, Any]") -> str:
    return str(model_field.column)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _touch_plan_without_triggers(
    model: type[Model], child: type[Model], path: str, table: str, queue: str
) -> TriggerPlan:
    """Return the plan of a related model. If it was missing, every parent may be out of date and is queued."""
    models = {model, *(join.model for join in joins(child, path))}
    tables = {watched._meta.db_table for watched in (child, *models)}
    return TriggerPlan(child._meta.label, table, tables, {watched._meta.app_label for watched in models}, queue)


# PostgreSQL


def _postgresql_values(connection: BaseDatabaseWrapper, model: type[Model]) -> dict[str, str]:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        schema = str(cursor.fetchone()[0])
    return {
        "schema": schema,
        "table": f"{schema}.{quote(model._meta.db_table)}",
        "pk": quote(_column(model._meta.pk)),
        "label": _literal(model._meta.label),
    }


def _add_postgresql_trigger(plan: TriggerPlan, schema: str, name: str, function: str, when: str) -> None:
    plan.functions[f"{schema}.{name}()"] = function
    plan.triggers[name] = f"CREATE OR REPLACE TRIGGER {name} {when} EXECUTE FUNCTION {schema}.{name}()"


def _postgresql_plan(connection: BaseDatabaseWrapper, model: type[Model]) -> TriggerPlan:
    values, label = _postgresql_values(connection, model), model._meta.label
    schema, table = values["schema"], values["table"]
    queue = _fill("postgresql", "queue", values)
    plan = TriggerPlan(label, table, {model._meta.db_table}, {Entry._meta.app_label}, queue)
    floor = f"(SELECT floor.version + 1 FROM {schema}.search_floor AS floor WHERE floor.model = {values['label']})"
    # BEFORE triggers fire in the order of their names: zz_ makes this the last, so no other lowers the version.
    version = "zz_" + _name(label, "version")
    insert, update, delete, truncate = (_name(label, event) for event in ("insert", "update", "delete", "truncate"))
    new_rows, old_rows = "REFERENCING NEW TABLE AS new_rows", "REFERENCING OLD TABLE AS old_rows"
    for name, statement, extra, when in (
        (version, "version", {}, f"BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW"),
        (insert, "written", {"least_version": floor}, f"AFTER INSERT ON {table} {new_rows} FOR EACH STATEMENT"),
        (update, "written", {"least_version": "0"}, f"AFTER UPDATE ON {table} {new_rows} FOR EACH STATEMENT"),
        (delete, "deleted", {"rows": "old_rows"}, f"AFTER DELETE ON {table} {old_rows} FOR EACH STATEMENT"),
        (truncate, "deleted", {"rows": table}, f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"),
    ):
        function = _fill("postgresql", statement, values | extra | {"function": name})
        _add_postgresql_trigger(plan, schema, name, function, when)
    return plan


def _postgresql_touch_plan(
    connection: BaseDatabaseWrapper, model: type[Model], child: type[Model], path: str
) -> TriggerPlan:
    values = _postgresql_values(connection, model)
    values["pk_type"] = str(model._meta.pk.rel_db_type(connection))
    schema = values["schema"]
    table = f"{schema}.{connection.ops.quote_name(child._meta.db_table)}"
    plan = _touch_plan_without_triggers(model, child, path, table, _fill("postgresql", "queue", values))
    new_rows, old_rows = "NEW TABLE AS new_rows", "OLD TABLE AS old_rows"
    for event, when, row_sources in (
        ("insert", f"AFTER INSERT ON {table} REFERENCING {new_rows}", ["new_rows"]),
        ("update", f"AFTER UPDATE ON {table} REFERENCING {old_rows} {new_rows}", ["old_rows", "new_rows"]),
        ("delete", f"AFTER DELETE ON {table} REFERENCING {old_rows}", ["old_rows"]),
        ("truncate", f"BEFORE TRUNCATE ON {table}", [table]),
    ):
        name = _name(child._meta.label, path, model._meta.label, event)
        parents = " UNION ".join(_parents_of_rows(connection, schema, child, path, rows) for rows in row_sources)
        function = _fill("postgresql", "touch", values | {"function": name, "parents": parents})
        _add_postgresql_trigger(plan, schema, name, function, f"{when} FOR EACH STATEMENT")
    return plan


def _parents_of_rows(connection: BaseDatabaseWrapper, schema: str, child: type[Model], path: str, rows: str) -> str:
    """Return a SELECT of the parents' keys of `rows`. OFFSET 0 keeps the planner from joining whole tables."""
    relation = Path(child, path)
    first = connection.ops.quote_name(relation.first)
    if not relation.joins:
        return f"SELECT child.{first} FROM {rows} AS child WHERE child.{first} IS NOT NULL"
    start = f"(SELECT DISTINCT child.{first} AS first FROM {rows} AS child) AS child"
    step = relation.select(connection, "child.first", f"{schema}.")
    return f"SELECT parent.pk FROM {start} CROSS JOIN LATERAL ({step} OFFSET 0) AS parent"


# SQLite


def _sqlite_values(connection: BaseDatabaseWrapper, model: type[Model]) -> dict[str, str]:
    quote, label = connection.ops.quote_name, _literal(model._meta.label)
    pk = quote(_column(model._meta.pk))
    return {
        "table": quote(model._meta.db_table),
        "pk": pk,
        "label": label,
        "new_key": f"{label} || ':' || {_pk_text(model._meta.pk, f'NEW.{pk}')}",
        "old_key": f"{label} || ':' || {_pk_text(model._meta.pk, f'OLD.{pk}')}",
        "row_key": f"{label} || ':' || {_pk_text(model._meta.pk, pk)}",
    }


def _pk_text(pk: "Field[Any, Any]", expression: str) -> str:
    """Return the primary key as Python's str(): SQLite stores a UUID without dashes."""
    return sqlite_uuid_text(expression) if isinstance(pk, UUIDField) else expression


def _sqlite_plan(connection: BaseDatabaseWrapper, model: type[Model]) -> TriggerPlan:
    quote, values = connection.ops.quote_name, _sqlite_values(connection, model)
    values["captured_columns"] = ", ".join(quote(_column(model_field)) for model_field in _captured_fields(model))
    queue = _fill("sqlite", "queue", values)
    plan = TriggerPlan(model._meta.label, values["table"], {model._meta.db_table}, {Entry._meta.app_label}, queue)
    for event in ("insert", "update", "delete"):
        name = _name(model._meta.label, event)
        plan.triggers[name] = _fill("sqlite", event, values | {"trigger": name})
    return plan


def _sqlite_touch_plan(
    connection: BaseDatabaseWrapper, model: type[Model], child: type[Model], path: str
) -> TriggerPlan:
    quote, values = connection.ops.quote_name, _sqlite_values(connection, model)
    values |= {"child": quote(child._meta.db_table), "column": quote(_column(spare_field(model)))}
    plan = _touch_plan_without_triggers(model, child, path, values["child"], _fill("sqlite", "queue", values))
    for event, rows in (("insert", ["NEW"]), ("update", ["OLD", "NEW"]), ("delete", ["OLD"])):
        name = _name(child._meta.label, path, model._meta.label, event)
        parents = " UNION ".join(_parents_of_row(connection, child, path, row) for row in rows)
        plan.triggers[name] = _fill(
            "sqlite", "touch", values | {"trigger": name, "event": event.upper(), "parents": parents}
        )
    return plan


def _parents_of_row(connection: BaseDatabaseWrapper, child: type[Model], path: str, row: str) -> str:
    relation = Path(child, path)
    first = f"{row}.{connection.ops.quote_name(relation.first)}"
    return relation.select(connection, first, "") if relation.joins else f"SELECT {first}"
