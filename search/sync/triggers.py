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
from django.db.models import Model, UUIDField

from search.exceptions import UnsupportedDatabase
from search.versioned import documents

PIECE = re.compile(r"\{(\w+)\}")


@dataclass
class Plan:
    """What watches one table: triggers as {name: SQL}, the functions they call, the SQL that queues all rows."""

    label: str
    table: str  # as the database names it, unquoted
    triggers: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    queue: str = ""

    @property
    def hash(self) -> str:
        """Tells an installed plan from a changed one."""
        text = "\n".join([*self.functions.values(), *self.triggers.values()])
        return sha256(text.encode()).hexdigest()[:16]


def plans(connection: BaseDatabaseWrapper) -> list[Plan]:
    """A plan for every model of a registered document, and for every related model that touches one."""
    try:
        make, touch = {"postgresql": (_postgresql, _postgresql_touch), "sqlite": (_sqlite, _sqlite_touch)}[
            connection.vendor
        ]
    except KeyError:
        raise UnsupportedDatabase(connection.vendor) from None
    models = dict.fromkeys(document.django.model for document in documents())
    found = [make(connection, model) for model in models]
    for model in models:
        for child, path in sorted(_paths(model), key=str):
            found.append(touch(connection, model, child, path))
    return found


def _paths(model: type[Model]) -> set[tuple[type[Model], str]]:
    return {(child, path) for document in documents([model]) for child, path in document.capture.items()}


@cache
def _pieces(vendor: str) -> dict[str, str]:
    """The named pieces of sql/capture_<vendor>.sql."""
    text = files("search.sync").joinpath(f"sql/capture_{vendor}.sql").read_text()
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
    """A database name: short enough for PostgreSQL, and distinct when it had to be cut."""
    return truncate_name("search_capture_" + "_".join(parts).lower().replace(".", "_"), 60)


def _values(connection: BaseDatabaseWrapper, model: type[Model]) -> dict[str, str]:
    quote = connection.ops.quote_name
    label = "'" + model._meta.label.replace("'", "''") + "'"
    return {"table": quote(model._meta.db_table), "pk": quote(_column(model._meta.pk)), "label": label}


def _column(model_field: Any) -> str:
    return str(model_field.column)


# PostgreSQL


def _schema(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        return str(cursor.fetchone()[0])


def _postgresql(connection: BaseDatabaseWrapper, model: type[Model]) -> Plan:
    label, table = model._meta.label, model._meta.db_table
    names = {event: _name(label, event) for event in ("version", "insert", "update", "delete", "truncate")}
    schema, values = _schema(connection), _values(connection, model)
    values |= names | {"schema": schema, "table": f"{schema}.{values['table']}"}
    plan = Plan(label, table, queue=_fill("postgresql", "queue", values))
    for event, name in names.items():
        plan.functions[f"{schema}.{name}()"] = _fill("postgresql", event, values)
    new, old = "NEW TABLE AS new_rows", "OLD TABLE AS old_rows"
    when = {
        # Last of the BEFORE triggers, which fire in the order of their names: no other may lower the version.
        f"zz_{names['version']}": ("version", "BEFORE INSERT OR UPDATE", "FOR EACH ROW"),
        names["insert"]: ("insert", "AFTER INSERT", f"REFERENCING {new} FOR EACH STATEMENT"),
        names["update"]: ("update", "AFTER UPDATE", f"REFERENCING {old} {new} FOR EACH STATEMENT"),
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
    child_table = f"{schema}.{connection.ops.quote_name(child._meta.db_table)}"
    plan = Plan(child._meta.label, child._meta.db_table)
    changed = {
        "insert": ("AFTER INSERT", ["new_rows"], "REFERENCING NEW TABLE AS new_rows"),
        "update": ("AFTER UPDATE", ["old_rows", "new_rows"], "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"),
        "delete": ("AFTER DELETE", ["old_rows"], "REFERENCING OLD TABLE AS old_rows"),
        "truncate": ("BEFORE TRUNCATE", [child_table], ""),
    }
    for event, (moment, tables, referencing) in changed.items():
        name = _name(child._meta.label, path, model._meta.label, event)
        parents = " UNION ".join(_parents_of_rows(connection, schema, child, path, table) for table in tables)
        plan.functions[f"{schema}.{name}()"] = _fill(
            "postgresql", "touch", values | {"touch": name, "parents": parents}
        )
        how = f"{referencing} FOR EACH STATEMENT"
        plan.triggers[name] = _trigger(name, moment, child_table, how, f"{schema}.{name}")
    return plan


def _parents_of_rows(connection: BaseDatabaseWrapper, schema: str, child: type[Model], path: str, rows: str) -> str:
    """SELECT the parents' keys of `rows`, along the path."""
    quote, steps = connection.ops.quote_name, list(_steps(child, path))
    joins = [
        f" JOIN {schema}.{quote(step.model._meta.db_table)} AS step{at}"
        f" ON step{at}.{quote(_column(steps[at - 1].target_field))} = step{at - 1}.{quote(_column(steps[at - 1]))}"
        for at, step in enumerate(steps)
        if at
    ]
    return f"SELECT step{len(steps) - 1}.{quote(_column(steps[-1]))} FROM {rows} AS step0" + "".join(joins)


def _steps(child: type[Model], path: str) -> Iterator[Any]:
    """The foreign keys along a path, from the child to the document's model."""
    model = child
    for name in path.split("__"):
        found: Any = model._meta.get_field(name)
        yield found
        model = found.related_model


# SQLite


def _text(pk: Any, expression: str) -> str:
    """A primary key as Python shows it: SQLite holds a UUID without its dashes."""
    if not isinstance(pk, UUIDField):
        return expression
    parts = [
        f"substr({expression}, {start}, {length})" for start, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    ]
    return " || '-' || ".join(parts)


def _sqlite(connection: BaseDatabaseWrapper, model: type[Model]) -> Plan:
    label, quote, values = model._meta.label, connection.ops.quote_name, _values(connection, model)
    names = {event: _name(label, event) for event in ("insert", "update", "delete")}
    pk = model._meta.pk
    others = [quote(_column(each)) for each in model._meta.local_concrete_fields if each.name != "version"]
    values |= names | {"others": ", ".join(others)}
    for name, row in (("new_key", "NEW."), ("old_key", "OLD."), ("row_key", "")):
        values[name] = f"{values['label']} || ':' || {_text(pk, row + values['pk'])}"
    plan = Plan(label, model._meta.db_table, queue=_fill("sqlite", "queue", values))
    plan.triggers = {name: _fill("sqlite", event, values) for event, name in names.items()}
    return plan


def _sqlite_touch(connection: BaseDatabaseWrapper, model: type[Model], child: type[Model], path: str) -> Plan:
    quote, values = connection.ops.quote_name, _values(connection, model)
    values |= {"child": quote(child._meta.db_table), "column": values["pk"]}
    plan = Plan(child._meta.label, child._meta.db_table)
    for event, rows in (("insert", ["NEW"]), ("update", ["OLD", "NEW"]), ("delete", ["OLD"])):
        name = _name(child._meta.label, path, model._meta.label, event)
        parents = " UNION ".join(_parents_of_row(connection, child, path, row) for row in rows)
        filled = values | {"touch": name, "event": event.upper(), "parents": parents}
        plan.triggers[name] = _fill("sqlite", "touch", filled)
    return plan


def _parents_of_row(connection: BaseDatabaseWrapper, child: type[Model], path: str, row: str) -> str:
    """SELECT the parents' keys of one row, along the path."""
    quote, steps = connection.ops.quote_name, list(_steps(child, path))
    found = f"SELECT {row}.{quote(_column(steps[0]))}"
    for at, step in enumerate(steps[1:], start=1):
        target = quote(_column(steps[at - 1].target_field))
        found = f"SELECT {quote(_column(step))} FROM {quote(step.model._meta.db_table)} WHERE {target} IN ({found})"
    return found
