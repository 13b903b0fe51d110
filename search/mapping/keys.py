"""The key of an indexed row: its model's label and its primary key, as the outbox stores them."""

from typing import NamedTuple, Self

from django.apps import apps
from django.db.models import Model


class Key(NamedTuple):
    """One row of one model; `str(key)` is its text in the outbox, `shop.Item:17`."""

    label: str  # of the model: shop.Item
    pk: str  # as text, which is also the document's _id

    @classmethod
    def of(cls, instance: Model) -> Self:
        """Return the key of a model instance."""
        return cls(label_of(type(instance)), str(instance.pk))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key with this text in the outbox."""
        label, _, pk = text.partition(":")
        return cls(label, pk)

    @property
    def model(self) -> type[Model]:
        """The model class. Raises LookupError if no installed app has it."""
        return apps.get_model(self.label)

    def __str__(self) -> str:
        return f"{self.label}:{self.pk}"


def label_of(model: type[Model]) -> str:
    """Return the label in the keys of a model's rows: for a proxy, the label of its concrete model."""
    return (model._meta.concrete_model or model)._meta.label


def sqlite_uuid_text(expression: str) -> str:
    """Return the SQL of a UUID as Python's str() shows it: SQLite stores its 32 hexadecimal digits without dashes."""
    parts = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)]
    return " || '-' || ".join(f"substr({expression}, {start}, {length})" for start, length in parts)
