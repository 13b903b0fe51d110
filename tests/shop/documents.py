"""The document of the tests' own models. A second document needs only such a file."""

from django_elasticsearch_dsl import fields
from django_elasticsearch_dsl.registries import registry
from elasticsearch.dsl import MetaField

from search import VersionedDocument
from search.conf import conf
from tests.shop.models import Item, Part


@registry.register_document
class ItemDocument(VersionedDocument):
    """An item and its parts."""

    capture = {Part: "item"}

    name = fields.KeywordField()
    parts = fields.KeywordField()

    def prepare_parts(self, instance):
        return sorted(part.name for part in instance.parts.all())

    def get_queryset(self):
        return super().get_queryset().prefetch_related("parts")

    def get_instances_from_related(self, related_instance):
        return related_instance.item

    class Index:
        name = f"{conf.INDEX_PREFIX}items"
        settings = {"number_of_shards": 1, "number_of_replicas": 0, "gc_deletes": "1h"}

    class Meta:
        dynamic = MetaField("false")

    class Django:
        model = Item
        related_models = [Part]
