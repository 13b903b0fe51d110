"""The key of an indexed row: its model's label and its primary key, as the outbox writes them."""

from typing import NamedTuple, Self

from django.apps import apps
from django.db.models import Model


class Key(NamedTuple):
    """One row of one model; `str(key)` is the outbox's text, `orders.Order:17`."""

    label: str  # the model's: orders.Order
    pk: str  # as text, which is also the document's _id

    @classmethod
    def of(cls, instance: Model) -> Self:
        """The key of a model instance."""
        return cls(label_of(type(instance)), str(instance.pk))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key in the outbox's text."""
        label, _, pk = text.partition(":")
        return cls(label, pk)

    @property
    def model(self) -> type[Model]:
        """The model class. LookupError when no installed app has it."""
        return apps.get_model(self.label)

    def __str__(self) -> str:
        return f"{self.label}:{self.pk}"


def label_of(model: type[Model]) -> str:
    """The label in the keys of a model's rows: a proxy's are its table's."""
    return (model._meta.concrete_model or model)._meta.label
