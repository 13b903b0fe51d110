"""The way from a related row to the rows of a document's model, along relations by their query names.

`item` is a foreign key; `line__order` two of them; a relation may also be followed backwards or through a
many-to-many table: the names are those of a queryset's filter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from ..mapping.keys import Key


@dataclass(frozen=True)
class Hop:
    """One join: rows of `model` whose `column` equals `source` of the rows before."""

    source: str
    model: type[Model]
    column: str


def hops(child: type[Model], path: str) -> Iterator[Hop]:
    """The joins along a path. FieldDoesNotExist where it names no relation."""
    model = child
    for name in path.split("__"):
        field = model._meta.get_field(name)
        if not field.is_relation or not hasattr(field, "path_infos"):
            raise FieldDoesNotExist(f"{model._meta.label}.{name} is no relation")
        for info in field.path_infos:
            ((source, target),) = info.join_field.get_joining_fields()  # type: ignore[union-attr]
            model = info.to_opts.model
            yield Hop(source.column, model, target.column)


class Path:
    """A path as SQL: the related row's own column `first`, and the hops that remain from it to a parent's key."""

    def __init__(self, child: type[Model], path: str) -> None:
        found = list(hops(child, path))
        self.first = found[0].source
        self.model = found[-1].model
        self.pk = str(self.model._meta.pk.column)
        # The last join finds no more than the key it is made by.
        self.last = found.pop() if found[-1].column == self.pk else None
        self.hops = found

    def select(self, connection: BaseDatabaseWrapper, first: str, schema: str) -> str:
        """SELECT the parents' keys, as `pk`, from the value `first`."""
        quote = connection.ops.quote_name
        result = self.last.source if self.last else self.pk
        text = f"SELECT step{len(self.hops) - 1}.{quote(result)} AS pk"
        for at, hop in enumerate(self.hops):
            source = first if at == 0 else f"step{at - 1}.{quote(hop.source)}"
            text += f" {'JOIN' if at else 'FROM'} {schema}{quote(hop.model._meta.db_table)} AS step{at}"
            text += f" ON step{at}.{quote(hop.column)} = {source}" if at else ""
        return f"{text} WHERE step0.{quote(self.hops[0].column)} = {first}"


def parent_keys(instance: Model, path: str) -> set[str] | None:
    """The key at the end of a path, or the row's own where it is empty; None where only the database can follow it."""
    if not path:
        return {str(Key.of(instance))}
    *steps, last = path.split("__")
    row: Any = instance
    try:
        for step in steps:
            row = getattr(row, step) if _is_foreign_key(row, step) else None
    except ObjectDoesNotExist:
        return None
    if not _is_foreign_key(row, last):
        return None
    field = row._meta.get_field(last)
    pk = getattr(row, field.attname)  # without a look at the parent itself
    return set() if pk is None else {str(Key(field.related_model._meta.label, str(pk)))}


def _is_foreign_key(row: Model | None, name: str) -> bool:
    """Whether the row itself names the one row of the other table."""
    field = row._meta.get_field(name) if row is not None else None
    return bool(field and field.concrete and (field.many_to_one or field.one_to_one))
