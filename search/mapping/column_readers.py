"""How a document reads its values off a row: as django-elasticsearch-dsl does, with what never changes looked up once.

Only where that comes to the same: a column of the row, and the columns of rows that name it. All else is left to the
package, which for each value of each row tries what it could be. Of 225 microseconds an order these are 100, and
`read_ahead` another 45.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Prefetch
from django.db.models.fields.related_descriptors import ReverseManyToOneDescriptor
from django_elasticsearch_dsl.fields import DEDField, ObjectField

Getter = Callable[[Any], Any]
# A row with any of these is not read by its attributes alone.
OWN_WAYS = ("__getitem__", "__bool__", "__len__")
READ = "_read"  # behind the name of the relation


def read_ahead(relation: str) -> "Prefetch[str]":
    """As prefetch_related(relation), without a manager and a queryset for each row; for a nested field of columns."""
    return Prefetch(relation, to_attr=relation + READ)


@dataclass(frozen=True, slots=True)
class Related:
    """Reads columns of the rows that name one by a foreign key."""

    accessor: str
    parts: list[tuple[str, Any]]  # a part's name, and what reads it

    def __call__(self, row: Any) -> list[dict[str, Any]]:
        """One dict a row, in the relation's order."""
        rows = row.__dict__.get(self.accessor + READ)
        if rows is None:
            rows = getattr(row, self.accessor).all()
        return [{part: get(each) for part, get in self.parts} for each in rows]


def quicker(name: str, field: Any, found: Getter, model: type[Model]) -> Getter:
    """What reads this field's value; `found` itself where it is the document's own or does more than ours."""
    packages = isinstance(found, partial) and found.func == field.get_value_from_instance
    ignoring = packages and any(value is not None for value in found.keywords.values())  # type: ignore[attr-defined]
    if not packages or ignoring:
        return found
    return column(name, field, model) or related(name, field, model) or found


def column(name: str, field: Any, model: type[Model]) -> Getter | None:
    """Reads a column of the row itself; None where the field is something else."""
    path = field._path or [name]
    if not unchanged(field, DEDField) or len(path) > 1 or any(hasattr(model, way) for way in OWN_WAYS):
        return None
    try:
        found = model._meta.get_field(path[0])
    except FieldDoesNotExist:
        return None
    return attrgetter(path[0]) if found.concrete and not found.is_relation else None


def related(name: str, field: Any, model: type[Model]) -> Getter | None:
    """Reads columns of the rows that name this one by a foreign key; None where the field is something else."""
    path = field._path or [name]
    descriptor = getattr(model, path[0], None) if len(path) == 1 else None
    if not unchanged(field, ObjectField) or type(descriptor) is not ReverseManyToOneDescriptor:
        return None
    if any(hasattr(model, way) for way in OWN_WAYS):
        return None
    inner = columns(field, descriptor.rel.related_model)
    if not inner or any(get is None for _, get in inner):
        return None
    return Related(path[0], inner)


def columns(field: Any, model: type[Model]) -> list[tuple[str, Any]]:
    """The parts of a nested field with what reads each; None for what a column does not say."""
    parts = field._doc_class._doc_type.mapping.properties._params.get("properties", {}).items()
    return [
        (name, None if hasattr(field._doc_class, f"prepare_{name}") else column(name, part, model))
        for name, part in parts
        if isinstance(part, DEDField)
    ]


def unchanged(field: Any, kind: type[DEDField]) -> bool:
    """Whether a field reads its value as this kind does."""
    ways = ("get_value_from_instance", "_get_inner_field_data")
    same = all(getattr(type(field), way, None) is getattr(kind, way, None) for way in ways)
    return same and not any(way in vars(field) for way in ways)
