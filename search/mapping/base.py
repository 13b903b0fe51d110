"""The base of every registered document: it carries the row's version, so that the newer change always wins."""

from typing import Any, ClassVar

from django.db.models import Model
from django_elasticsearch_dsl import Document, fields

from .checksum import checksum, key_number
from .column_readers import Getter, quicker


class VersionedDocument(Document):  # type: ignore[misc]  # the package has no types
    """A Document whose writes name the row's version (`version_type=external_gte`).

    A subclass's `Django` class names the model, which needs a `version` field. With `related_models`, `capture`
    says for each related model the path of foreign keys from its row to the model's: `{OrderLine: "order"}`.
    """

    capture: ClassVar[dict[type[Model], str]] = {}

    row_key = fields.LongField()  # by which drift compares index and table in ranges, whatever the primary key is
    version = fields.LongField()
    checksum = fields.LongField()

    def init_prepare(self) -> list[tuple[str, Any, Getter]]:
        """The package's own, and quicker where that makes no difference."""
        model = self.django.model
        return [(name, field, quicker(name, field, found, model)) for name, field, found in super().init_prepare()]

    def prepare_row_key(self, instance: Any) -> int:
        """An integer key itself, a hash of any other."""
        return key_number(instance.pk)

    def prepare_checksum(self, instance: Any) -> int:
        """What drift sums. It is not signed for sums beyond 2^53: see search/mapping/checksum.py."""
        return checksum(instance.pk, instance.version)

    def _prepare_action(self, object_instance: Any, action: str) -> dict[str, Any]:
        prepared: dict[str, Any] = super()._prepare_action(object_instance, action)
        return prepared | {"version": object_instance.version, "version_type": "external_gte"}
