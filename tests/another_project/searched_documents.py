"""Becomes the other project's shop/documents.py: the tutorial's document with a table of fields to search."""

from django_elasticsearch_dsl.registries import registry
from elasticsearch.dsl import MetaField
from shop.models import Item, Part

from search.conf import conf
from search.mapping.base import VersionedDocument
from search.query.facets import Terms
from search.query.fields import AnyOf, Keyword, Name, Sort, Weights
from search.query.schema import SearchSchema, searchable

ITEMS = SearchSchema(
    Keyword("id"),
    Name("name", weights=Weights(word=10, prefix=5, fuzzy=1), sort=Sort("name"), highlight=True, suggest="names"),
    Keyword("parts", many=True, weights=Weights(exact=20), filter=AnyOf("part"), facet=Terms("part")),
    name="item",
    default_sort="name",
)


@registry.register_document
@searchable(ITEMS)
class ItemDocument(VersionedDocument):
    """An item and its parts."""

    capture = {Part: "item"}

    def prepare_parts(self, instance):
        return sorted(part.name for part in instance.parts.all())

    class Index:
        name = f"{conf.INDEX_PREFIX}items"
        settings = {"number_of_shards": 1, "number_of_replicas": 0, "gc_deletes": "1h"}

    class Meta:
        dynamic = MetaField("false")

    class Django:
        model = Item
        related_models = [Part]
