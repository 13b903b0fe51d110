"""Bare rows: the columns that a document reads, without Django's instances of them.

For a document that reads nothing but columns of its row, and of rows that name it by a foreign key, a bare row is as
good as an instance: the same code makes the same document of either. To make instances of an order and its lines takes
45 of the 70 microseconds in which a rebuild reads an order and makes its document; bare ones take a third of that.
Whatever could tell the two apart - a method of the document's or the model's own, a receiver, a queryset that is more
than one - gets instances.
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
from .column_readers import READ, Getter, Related

# A document with its own of these may ask its row for anything.
ASKING = ("prepare", "_prepare_action", "generate_id", "should_index_object", "prepare_row_key", "prepare_checksum")
OURS = (VersionedDocument.prepare_row_key, VersionedDocument.prepare_checksum)


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows that name ours, as far as they are read."""

    model: type[Model]
    key: str  # the foreign key's name
    attribute: str  # where `Related` looks for them
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """What a document reads of its rows."""

    model: type[Model]
    columns: tuple[str, ...]
    relations: tuple[Relation, ...]

    @property
    def models(self) -> list[type[Model]]:
        """Whose rows it reads."""
        return [self.model, *(relation.model for relation in self.relations)]

    def read(self, rows: QuerySet[Any]) -> list[Any]:
        """All rows, bare."""
        names = ("pk", *self.columns)
        values = rows.prefetch_related(None).values_list(*names)
        found = [SimpleNamespace(**dict(zip(names, each, strict=True))) for each in values]
        for relation in self.relations if found else ():
            self._attach(relation, found, rows.db)
        return found

    def _attach(self, relation: Relation, rows: list[Any], using: str) -> None:
        """Give each row those that name it."""
        naming = relation.model._default_manager.using(using).filter(
            **{f"{relation.key}__in": [row.pk for row in rows]}
        )
        of: dict[Any, list[Any]] = defaultdict(list)
        for key, *values in naming.values_list(relation.key, *relation.columns):
            of[key].append(SimpleNamespace(**dict(zip(relation.columns, values, strict=True))))
        for row in rows:
            setattr(row, relation.attribute, of.get(row.pk, []))


def rows_of(document: VersionedDocument, queryset: QuerySet[Any]) -> list[Any]:
    """The queryset's rows for this document to read: bare, or instances where those could make a difference."""
    found = None if asks(document) or not is_plain(queryset) else reader(document)
    if found and all(makes_plainly(model) for model in found.models):
        return found.read(queryset)
    return list(queryset)


def asks(document: VersionedDocument) -> bool:
    """Whether a document's own code is given the row."""
    return differs(type(document), VersionedDocument, ASKING)


def differs(kind: type, base: type, names: Iterable[str]) -> bool:
    """Whether a class has its own code for any of these names of its base."""
    pairs = ((getattr(kind, name), getattr(base, name)) for name in names)
    # A class method is bound anew each time that it is looked up.
    return any(getattr(its, "__func__", its) is not getattr(known, "__func__", known) for its, known in pairs)


@lru_cache(maxsize=16)
def reader(document: VersionedDocument) -> Reader | None:
    """What reads all that its fields read; None where that is more than columns."""
    model = document.django.model
    columns, relations = {"version"}, []
    for _, _, get in document._prepared_fields:
        if (name := column_of(get, model)) is not None:
            columns.add(name)
        elif isinstance(get, Related) and (relation := relation_of(get, model)):
            relations.append(relation)
        elif getattr(get, "__func__", None) not in OURS:
            return None
    return Reader(model, tuple(sorted(columns)), tuple(relations))


def column_of(get: Getter, model: type[Model]) -> str | None:
    """The column that a getter reads as it is; None where it does anything else."""
    if not isinstance(get, attrgetter):
        return None
    name = get.__reduce__()[1][0]
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    plain = field.concrete and not field.is_relation and type(getattr(model, name, None)) is DeferredAttribute
    return name if plain else None


def relation_of(get: Related, model: type[Model]) -> Relation | None:
    """Where the rows of a relation are read from; None where they need instances."""
    key = getattr(model, get.accessor).rel.field
    if not key.target_field.primary_key:
        return None
    names = [column_of(part, key.model) for _, part in get.parts]
    if any(name is None for name in names):
        return None
    return Relation(key.model, key.name, get.accessor + READ, tuple(name for name in names if name))


def makes_plainly(model: type[Model]) -> bool:
    """Whether an instance is no more than its columns' values, as its manager reads them, and nobody hears of it."""
    own = differs(model, Model, ("__init__", "__getattribute__", "from_db")) or hasattr(model, "__getattr__")
    heard = pre_init.has_listeners(model) or post_init.has_listeners(model)
    return not own and not heard and is_plain(model._default_manager.all())


def is_plain(queryset: QuerySet[Any]) -> bool:
    """Whether a queryset gives instances of one table's rows, with related rows as their managers give them."""
    if not isinstance(queryset, QuerySet) or differs(type(queryset), QuerySet, ("_fetch_all", "__iter__", "iterator")):
        return False
    ahead: Iterable[Any] = queryset._prefetch_related_lookups  # type: ignore[attr-defined]
    chosen = any(isinstance(each, Prefetch) and each.queryset is not None for each in ahead)
    return not chosen and queryset._iterable_class is ModelIterable and not queryset.query.combinator
