"""The documents: how a row of each model looks in the index. The one module of search that imports orders.

To index a model of your own see docs/index-your-own-model.md.
"""

from typing import Any

from django_elasticsearch_dsl import fields
from django_elasticsearch_dsl.registries import registry
from elasticsearch.dsl import MetaField, analysis

from orders.models import Order, OrderLine
from search.conf import conf
from search.versioned import VersionedDocument

LONGEST_PREFIX = 25  # letters of a word that are indexed as its prefixes; more that are typed are cut off

# An accent that is a character of its own ("e" and U+0301) goes before a word is made; asciifolding sees the others.
without_accents = analysis.char_filter(
    "without_accents", "pattern_replace", pattern="[\\u0300-\\u036f]", replacement=""
)
prefixes = analysis.token_filter("prefixes", "edge_ngram", min_gram=1, max_gram=LONGEST_PREFIX)
number_prefixes = analysis.token_filter("number_prefixes", "edge_ngram", min_gram=1, max_gram=50)
cut = analysis.token_filter("cut", "truncate", length=LONGEST_PREFIX)

name_indexed = analysis.analyzer(
    "name_indexed",
    type="custom",
    tokenizer="standard",
    char_filter=[without_accents],
    filter=["asciifolding", "lowercase", prefixes],
)
name_searched = analysis.analyzer(
    "name_searched",
    type="custom",
    tokenizer="standard",
    char_filter=[without_accents],
    filter=["asciifolding", "lowercase", cut],
)
number_indexed = analysis.analyzer(
    "number_indexed", type="custom", tokenizer="keyword", filter=["lowercase", number_prefixes]
)
number_searched = analysis.analyzer("number_searched", type="custom", tokenizer="keyword", filter=["lowercase"])
folded = analysis.normalizer(
    "folded", type="custom", char_filter=[without_accents], filter=["asciifolding", "lowercase"]
)
lowered = analysis.normalizer("lowered", type="custom", filter=["lowercase"])


@registry.register_document
class OrderDocument(VersionedDocument):
    """An order with its lines, as it is searched."""

    capture = {OrderLine: "order"}

    id = fields.LongField()
    order_number = fields.KeywordField(
        normalizer=lowered,
        fields={"prefix": fields.TextField(analyzer=number_indexed, search_analyzer=number_searched)},
    )
    customer_name = fields.TextField(
        analyzer=name_indexed,
        search_analyzer=name_searched,
        fields={"keyword": fields.KeywordField(normalizer=folded)},
    )
    total_amount = fields.DoubleField()  # exact: a double holds 15 digits, an amount has 12
    currency = fields.KeywordField()
    status = fields.KeywordField()
    note = fields.TextField(analyzer=name_indexed, search_analyzer=name_searched)
    lines = fields.NestedField(
        include_in_root=True,  # so that words may be spread over a line and its order
        properties={
            "sku": fields.KeywordField(normalizer=lowered),
            "description": fields.TextField(analyzer=name_indexed, search_analyzer=name_searched),
            "quantity": fields.IntegerField(),
            "unit_price": fields.DoubleField(),
        },
    )
    created_at = fields.DateField()
    updated_at = fields.DateField()

    def get_queryset(self) -> Any:
        return super().get_queryset().prefetch_related("lines")

    def get_instances_from_related(self, related_instance: OrderLine) -> Order:
        return related_instance.order

    class Index:
        name = f"{conf.INDEX_PREFIX}orders"
        settings = {
            "number_of_shards": 1,
            "number_of_replicas": 0,
            "refresh_interval": "1s",  # explicit: an index that is not searched would else not refresh at all
            "gc_deletes": "1h",  # how long Elasticsearch remembers the version of a delete
        }

    class Meta:
        dynamic = MetaField("false")  # new code may write a new field to an index of the old mapping

    class Django:
        model = Order
        related_models = [OrderLine]
