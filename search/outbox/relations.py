"""Paths from a related row to the rows of a document's model, in the query names of a queryset's filter.

`book` is a foreign key and `chapter__book` two of them; a path may also follow a relation backwards or through a
many-to-many table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from ..mapping.keys import Key


@dataclass(frozen=True)
class Join:
    """A join to the rows of `model` whose `column` equals the column `source` of the previous rows."""

    source: str
    model: type[Model]
    column: str


def joins(child: type[Model], path: str) -> Iterator[Join]:
    """Yield the joins along a path. Raise FieldDoesNotExist if it names anything but relations."""
    model = child
    for name in path.split("__"):
        field = model._meta.get_field(name)
        if not field.is_relation or not hasattr(field, "path_infos"):
            raise FieldDoesNotExist(f"{model._meta.label}.{name} is no relation")
        for info in field.path_infos:
            ((source, target),) = info.join_field.get_joining_fields()  # type: ignore[union-attr]
            model = info.to_opts.model
            yield Join(source.column, model, target.column)


class Path:
    """A path as SQL: the related row's own column `first`, and the joins from its value to a parent's key."""

    def __init__(self, child: type[Model], path: str) -> None:
        path_joins = list(joins(child, path))
        self.first = path_joins[0].source
        self.model = path_joins[-1].model
        self.pk = str(self.model._meta.pk.column)
        # A last join by the parent's key finds nothing but that key, which the row before it has already.
        self.last = path_joins.pop() if path_joins[-1].column == self.pk else None
        self.joins = path_joins

    def select(self, connection: BaseDatabaseWrapper, first: str, schema: str) -> str:
        """Return a SELECT of the parents' keys, as `pk`, from the SQL expression `first`."""
        quote = connection.ops.quote_name
        key_column = self.last.source if self.last else self.pk
        sql = f"SELECT step{len(self.joins) - 1}.{quote(key_column)} AS pk"
        for at, join in enumerate(self.joins):
            source = first if at == 0 else f"step{at - 1}.{quote(join.source)}"
            sql += f" {'JOIN' if at else 'FROM'} {schema}{quote(join.model._meta.db_table)} AS step{at}"
            sql += f" ON step{at}.{quote(join.column)} = {source}" if at else ""
        return f"{sql} WHERE step0.{quote(self.joins[0].column)} = {first}"


def parent_keys(instance: Model, path: str) -> set[str] | None:
    """Return the key at the end of a path, the row's own if it is empty; None if only the database can follow it."""
    if not path:
        return {str(Key.of(instance))}
    *steps, last = path.split("__")
    row: Any = instance
    try:
        for step in steps:
            row = getattr(row, step) if _has_foreign_key(row, step) else None
    except ObjectDoesNotExist:
        return None
    if not _has_foreign_key(row, last):
        return None
    field = row._meta.get_field(last)
    pk = getattr(row, field.attname)  # does not load the parent
    return set() if pk is None else {str(Key(field.related_model._meta.label, str(pk)))}


def _has_foreign_key(row: Model | None, name: str) -> bool:
    field = row._meta.get_field(name) if row is not None else None
    return bool(field and field.concrete and (field.many_to_one or field.one_to_one))
