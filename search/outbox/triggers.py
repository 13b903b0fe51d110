"""The SQL of capture's triggers, for each database and watched model; nothing here runs it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import truncate_name
from django.db.models import Field, Model, UUIDField

from ..exceptions import UnsupportedDatabase
from ..mapping.keys import sqlite_uuid_text
from ..mapping.registry import documents
from .relations import Path, hops

PIECE = re.compile(r"\{(\w+)\}")


@dataclass
class Plan:
    """What watches one table: triggers as {name: SQL}, the functions they call, the SQL that queues what they miss."""

    label: str
    table: str  # as SQL names it
    tables: set[str]  # all that must exist, unquoted
    names_apps: set[str]  # apps of the models that the triggers name, besides the watched one
    queue: str
    triggers: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)

    def fits(self, found: dict[str, str | None]) -> bool:
        """Whether every trigger is among those found (see installed.triggers), enabled and of this code."""
        return all(found.get(name) == (self.mark or sql) for name, sql in self.triggers.items())

    @property
    def mark(self) -> str:
        """The comment on each of PostgreSQL's triggers: it changes with any of the plan's SQL. Empty on SQLite."""
        text = "\n".join([*self.functions.values(), *self.triggers.values()])
        return f"capture {sha256(text.encode()).hexdigest()[:16]}" if self.functions else ""

    def statements(self, vendor: str) -> Iterator[str]:
        """What installs the plan over whatever is there."""
        yield from self.functions.values()
        for name, sql in self.triggers.items():
            if vendor == "sqlite":
                yield f'DROP TRIGGER IF EXISTS "{name}"'
            yield sql
            if vendor == "postgresql":
                yield f"COMMENT ON TRIGGER {name} ON {self.table} IS '{self.mark}'"
        for function in self.functions:  # nobody may make triggers of them that write the outbox
            yield f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC"


def plans(connection: BaseDatabaseWrapper) -> list[Plan]:
    """A plan for every model of a registered document, and for every related model that touches one."""
    try:
        make, touch = {"postgresql": (_postgresql, _postgresql_touch), "sqlite": (_sqlite, _sqlite_touch)}[
            connection.vendor
        ]
    except KeyError:
        raise UnsupportedDatabase(connection.vendor) from None
    found: dict[tuple[type[Model], type[Model] | None, str], Plan] = {}
    for document in documents():
        model = document.django.model._meta.concrete_model
        found[model, None, ""] = make(connection, model)
        for child, path in document.capture.items():
            found[model, child, path] = touch(connection, model, child._meta.concrete_model or child, path)
    return list(found.values())


@cache
def _pieces(vendor: str) -> dict[str, str]:
    """The named pieces of sql/capture_<vendor>.sql."""
    text = files(__package__).joinpath(f"sql/capture_{vendor}.sql").read_text()
    parts = (part.split("\n", 1) for part in text.split("-- name: ")[1:])
    return {name.strip(): body.strip() for name, body in parts}


def _fill(vendor: str, name: str, values: dict[str, str]) -> str:
    """A piece with its {names} filled in from `values` or from the other pieces."""
    pieces = _pieces(vendor)

    def found(match: re.Match[str]) -> str:
        key = match.group(1)
        return values[key] if key in values else PIECE.sub(found, pieces[key])

    return PIECE.sub(found, pieces[name])


def _name(*parts: str) -> str:
    """A database name: distinct for distinct models, short enough for PostgreSQL."""
    words = [word.replace("_", "__") for part in parts for word in part.lower().split(".")]
    return truncate_name("search_capture_" + "_".join(words), 60)


def _values(connection: BaseDatabaseWrapper, model: type[Model]) -> dict[str, str]:
    quote = connection.ops.quote_name
    label = "'" + model._meta.label.replace("'", "''") + "'"
    return {"table": quote(model._meta.db_table), "pk": quote(_column(model._meta.pk)), "label": label}


def spare_field(model: type[Model]) -> "Field[Any, Any]":
    """A field that may be set to itself: best not the key, which other tables' foreign keys would be checked for."""
    fields = [each for each in _fields(model) if not each.primary_key]
    return fields[0] if fields else model._meta.pk


def _fields(model: type[Model]) -> "list[Field[Any, Any]]":
    """Every field whose change is captured."""
    return [each for each in model._meta.local_concrete_fields if each.name != "version" and not each.generated]


def _column(model_field: "Field[Any, Any]") -> str:
    return str(model_field.column)


def _touching(model: type[Model], child: type[Model], path: str, table: str, queue: str) -> Plan:
    """A plan, yet without triggers, for a related model: where it was absent, every parent may be out of date."""
    models = {model, *(hop.model for hop in hops(child, path))}
    tables = {each._meta.db_table for each in (child, *models)}
    return Plan(child._meta.label, table, tables, {each._meta.app_label for each in models}, queue)


# PostgreSQL


def _schema(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        return str(cursor.fetchone()[0])


def _postgresql(connection: BaseDatabaseWrapper, model: type[Model]) -> Plan:
    label, table = model._meta.label, model._meta.db_table
    names = {event: _name(label, event) for event in ("insert", "update", "delete", "truncate")}
    # Last of the BEFORE triggers, which fire in the order of their names: no other may lower the version.
    names["version"] = "zz_" + _name(label, "version")
    schema, values = _schema(connection), _values(connection, model)
    values |= names | {"schema": schema, "table": f"{schema}.{values['table']}"}
    plan = Plan(label, values["table"], {table}, {"search"}, _fill("postgresql", "queue", values))
    least = f"(SELECT floor.version + 1 FROM {schema}.search_floor AS floor WHERE floor.model = {values['label']})"
    for event, name in names.items():
        filled = values | {"function_name": name, "least": least if event == "insert" else "0"}
        plan.functions[f"{schema}.{name}()"] = _fill("postgresql", event, filled)
    new, old = "NEW TABLE AS new_rows", "OLD TABLE AS old_rows"
    when = {
        names["version"]: ("version", "BEFORE INSERT OR UPDATE", "FOR EACH ROW"),
        names["insert"]: ("insert", "AFTER INSERT", f"REFERENCING {new} FOR EACH STATEMENT"),
        names["update"]: ("update", "AFTER UPDATE", f"REFERENCING {new} FOR EACH STATEMENT"),
        names["delete"]: ("delete", "AFTER DELETE", f"REFERENCING {old} FOR EACH STATEMENT"),
        names["truncate"]: ("truncate", "BEFORE TRUNCATE", "FOR EACH STATEMENT"),
    }
    for trigger, (event, moment, how) in when.items():
        plan.triggers[trigger] = _trigger(trigger, moment, values["table"], how, f"{schema}.{names[event]}")
    return plan


def _trigger(name: str, moment: str, table: str, how: str, function: str) -> str:
    return f"CREATE OR REPLACE TRIGGER {name} {moment} ON {table} {how} EXECUTE FUNCTION {function}()"


def _postgresql_touch(connection: BaseDatabaseWrapper, model: type[Model], child: type[Model], path: str) -> Plan:
    schema, values = _schema(connection), _values(connection, model)
    values |= {"schema": schema, "table": f"{schema}.{values['table']}"}
    values["pk_type"] = str(model._meta.pk.rel_db_type(connection))
    child_table = f"{schema}.{connection.ops.quote_name(child._meta.db_table)}"
    plan = _touching(model, child, path, child_table, _fill("postgresql", "queue", values))
    changed = {
        "insert": ("AFTER INSERT", ["new_rows"], "REFERENCING NEW TABLE AS new_rows"),
        "update": ("AFTER UPDATE", ["old_rows", "new_rows"], "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"),
        "delete": ("AFTER DELETE", ["old_rows"], "REFERENCING OLD TABLE AS old_rows"),
        "truncate": ("BEFORE TRUNCATE", [child_table], ""),
    }
    for event, (moment, tables, referencing) in changed.items():
        name = _name(child._meta.label, path, model._meta.label, event)
        parents = " UNION ".join(_parents_of_rows(connection, schema, child, path, rows) for rows in tables)
        filled = values | {"function_name": name, "parents": parents}
        plan.functions[f"{schema}.{name}()"] = _fill("postgresql", "touch", filled)
        how = f"{referencing} FOR EACH STATEMENT"
        plan.triggers[name] = _trigger(name, moment, child_table, how, f"{schema}.{name}")
    return plan


def _parents_of_rows(connection: BaseDatabaseWrapper, schema: str, child: type[Model], path: str, rows: str) -> str:
    """SELECT the parents' keys of `rows`, along the path. OFFSET 0 keeps the plan from becoming a join of all rows."""
    found = Path(child, path)
    first = connection.ops.quote_name(found.first)
    if not found.hops:
        return f"SELECT came.{first} FROM {rows} AS came WHERE came.{first} IS NOT NULL"
    start = f"(SELECT DISTINCT came.{first} AS first FROM {rows} AS came) AS came"
    step = found.select(connection, "came.first", f"{schema}.")
    return f"SELECT parent.pk FROM {start} CROSS JOIN LATERAL ({step} OFFSET 0) AS parent"


# SQLite


def _text(pk: "Field[Any, Any]", expression: str) -> str:
    """A primary key as Python shows it: SQLite holds a UUID without its dashes."""
    return sqlite_uuid_text(expression) if isinstance(pk, UUIDField) else expression


def _sqlite_values(connection: BaseDatabaseWrapper, model: type[Model]) -> dict[str, str]:
    values = _values(connection, model)
    for name, row in (("new_key", "NEW."), ("old_key", "OLD."), ("row_key", "")):
        values[name] = f"{values['label']} || ':' || {_text(model._meta.pk, row + values['pk'])}"
    return values


def _sqlite(connection: BaseDatabaseWrapper, model: type[Model]) -> Plan:
    label, quote, values = model._meta.label, connection.ops.quote_name, _sqlite_values(connection, model)
    names = {event: _name(label, event) for event in ("insert", "update", "delete")}
    others = [quote(_column(each)) for each in _fields(model)]
    values |= names | {"others": ", ".join(others)}
    plan = Plan(label, values["table"], {model._meta.db_table}, {"search"}, _fill("sqlite", "queue", values))
    plan.triggers = {name: _fill("sqlite", event, values) for event, name in names.items()}
    return plan


def _sqlite_touch(connection: BaseDatabaseWrapper, model: type[Model], child: type[Model], path: str) -> Plan:
    quote, values = connection.ops.quote_name, _sqlite_values(connection, model)
    values |= {"child": quote(child._meta.db_table), "column": quote(_column(spare_field(model)))}
    plan = _touching(model, child, path, values["child"], _fill("sqlite", "queue", values))
    for event, rows in (("insert", ["NEW"]), ("update", ["OLD", "NEW"]), ("delete", ["OLD"])):
        name = _name(child._meta.label, path, model._meta.label, event)
        parents = " UNION ".join(_parents_of_row(connection, child, path, row) for row in rows)
        filled = values | {"touch": name, "event": event.upper(), "parents": parents}
        plan.triggers[name] = _fill("sqlite", "touch", filled)
    return plan


def _parents_of_row(connection: BaseDatabaseWrapper, child: type[Model], path: str, row: str) -> str:
    """SELECT the parents' keys of one row, along the path."""
    found = Path(child, path)
    first = f"{row}.{connection.ops.quote_name(found.first)}"
    return found.select(connection, first, "") if found.hops else f"SELECT {first}"
