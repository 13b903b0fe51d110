"""Read a document's rows as the columns that it reads, without model instances.

A document that reads only columns of its row, and of rows with a foreign key to it, is the same for a namespace of
these columns as for an instance. Instances of a row and its related rows take 45 of the 70 microseconds in which a
rebuild makes a document; namespaces take a third of that. Whatever could see the difference gets instances: a method of
the document or the model, a receiver of a model's signal, a queryset that returns anything else than instances.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Prefetch, QuerySet
from django.db.models.query import ModelIterable
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import post_init, pre_init

from .base import VersionedDocument
from .column_readers import PREFETCH_SUFFIX, Getter, RelatedColumns

# A document that overrides one of these may use anything of its row.
ROW_METHODS = (
    "prepare",
    "_prepare_action",
    "generate_id",
    "should_index_object",
    "prepare_row_key",
    "prepare_checksum",
)
BASE_PREPARE_METHODS = (VersionedDocument.prepare_row_key, VersionedDocument.prepare_checksum)


@dataclass(frozen=True, slots=True)
class Relation:
    """The columns to read of rows with a foreign key to a document's row."""

    model: type[Model]
    key: str  # the foreign key's name
    attribute: str  # where RelatedColumns expects the rows
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """The columns to read for a document."""

    model: type[Model]
    columns: tuple[str, ...]
    relations: tuple[Relation, ...]

    @property
    def models(self) -> list[type[Model]]:
        return [self.model, *(relation.model for relation in self.relations)]

    def read(self, queryset: QuerySet[Any]) -> list[Any]:
        """Return the queryset's rows as namespaces, with their related rows."""
        names = ("pk", *self.columns)
        records = queryset.prefetch_related(None).values_list(*names)
        rows = [SimpleNamespace(**dict(zip(names, record, strict=True))) for record in records]
        for relation in self.relations if rows else ():
            self._attach(relation, rows, queryset.db)
        return rows

    def _attach(self, relation: Relation, rows: list[Any], using: str) -> None:
        pks = [row.pk for row in rows]
        queryset = relation.model._default_manager.using(using).filter(**{f"{relation.key}__in": pks})
        related_rows: dict[Any, list[Any]] = defaultdict(list)
        for key, *values in queryset.values_list(relation.key, *relation.columns):
            related_rows[key].append(SimpleNamespace(**dict(zip(relation.columns, values, strict=True))))
        for row in rows:
            setattr(row, relation.attribute, related_rows.get(row.pk, []))


def fetch_rows(document: VersionedDocument, queryset: QuerySet[Any]) -> list[Any]:
    """Return the queryset's rows for this document: as namespaces, or as instances if the document could differ."""
    reader = None if needs_instances(document) or not returns_instances(queryset) else column_reader(document)
    if reader and all(has_default_init(model) for model in reader.models):
        return reader.read(queryset)
    return list(queryset)


def needs_instances(document: VersionedDocument) -> bool:
    """Whether the document has methods of its own that are given the row."""
    return overrides_any(type(document), VersionedDocument, ROW_METHODS)


def overrides_any(subclass: type, base: type, names: Iterable[str]) -> bool:
    pairs = ((getattr(subclass, name), getattr(base, name)) for name in names)
    # A class method is a new object at each lookup, so compare the functions.
    return any(
        getattr(own, "__func__", own) is not getattr(inherited, "__func__", inherited) for own, inherited in pairs
    )


@lru_cache(maxsize=16)
def column_reader(document: VersionedDocument) -> ColumnReader | None:
    """Return the reader of all columns that the document's fields read, or None if they read more than columns."""
    model = document.django.model
    columns, relations = {"version"}, []
    for _, _, getter in document._prepared_fields:
        if (name := column_name(getter, model)) is not None:
            columns.add(name)
        elif isinstance(getter, RelatedColumns) and (relation := relation_of(getter, model)):
            relations.append(relation)
        elif getattr(getter, "__func__", None) not in BASE_PREPARE_METHODS:
            return None
    return ColumnReader(model, tuple(sorted(columns)), tuple(relations))


def column_name(getter: Getter, model: type[Model]) -> str | None:
    """Return the column that a getter reads unchanged, or None if it does anything else."""
    if not isinstance(getter, attrgetter):
        return None
    name = getter.__reduce__()[1][0]
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    unchanged = field.concrete and not field.is_relation and type(getattr(model, name, None)) is DeferredAttribute
    return name if unchanged else None


def relation_of(getter: RelatedColumns, model: type[Model]) -> Relation | None:
    """Return the columns of related rows that a getter reads, or None if these rows must be instances."""
    key = getattr(model, getter.accessor).rel.field
    if not key.target_field.primary_key:
        return None
    names = [column_name(part, key.model) for _, part in getter.parts]
    if any(name is None for name in names):
        return None
    return Relation(key.model, key.name, getter.accessor + PREFETCH_SUFFIX, tuple(name for name in names if name))


def has_default_init(model: type[Model]) -> bool:
    """Whether an instance is exactly its columns' values: Django's own creation of instances, and no receivers."""
    overridden = overrides_any(model, Model, ("__init__", "__getattribute__", "from_db")) or hasattr(
        model, "__getattr__"
    )
    received = pre_init.has_listeners(model) or post_init.has_listeners(model)
    return not overridden and not received and returns_instances(model._default_manager.all())


def returns_instances(queryset: QuerySet[Any]) -> bool:
    """Whether a queryset returns instances of one table, with related rows as their default managers return them."""
    fetch_methods = ("_fetch_all", "__iter__", "iterator")
    if not isinstance(queryset, QuerySet) or overrides_any(type(queryset), QuerySet, fetch_methods):
        return False
    lookups: Iterable[Any] = queryset._prefetch_related_lookups  # type: ignore[attr-defined]
    selected = any(isinstance(lookup, Prefetch) and lookup.queryset is not None for lookup in lookups)
    return not selected and queryset._iterable_class is ModelIterable and not queryset.query.combinator
