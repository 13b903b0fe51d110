"""The base class of registered documents: each document carries its row's version, so that the newer change wins."""

from typing import Any, ClassVar

from django.db.models import Model
from django_elasticsearch_dsl import Document, fields

from .checksum import checksum, key_number
from .column_readers import Getter, fast_getter


class VersionedDocument(Document):  # type: ignore[misc]  # the package has no types
    """A Document whose writes carry the row's version (`version_type=external_gte`).

    The `Django` class of a subclass names the model, which needs a `version` field. With `related_models`, `capture`
    names for each related model the path of relations from its row to the model's: `{Part: "item"}`.
    """

    capture: ClassVar[dict[type[Model], str]] = {}

    row_key = fields.LongField()  # a number for any type of primary key, so that ranges can be compared
    version = fields.LongField()
    checksum = fields.LongField()

    def init_prepare(self) -> list[tuple[str, Any, Getter]]:
        """Return the package's getters, replaced by faster ones where the result is the same."""
        model = self.django.model
        return [
            (name, field, fast_getter(name, field, getter, model)) for name, field, getter in super().init_prepare()
        ]

    def prepare_row_key(self, instance: Any) -> int:
        return key_number(instance.pk)

    def prepare_checksum(self, instance: Any) -> int:
        return checksum(instance.pk, instance.version)

    def _prepare_action(self, object_instance: Any, action: str) -> dict[str, Any]:
        prepared: dict[str, Any] = super()._prepare_action(object_instance, action)
        return prepared | {"version": object_instance.version, "version_type": "external_gte"}
