"""A search over a model that is not an order: the tests' own items, by a table of two fields."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import RequestFactory
from django_elasticsearch_dsl.registries import DocumentRegistry
from elasticsearch import Elasticsearch
from elasticsearch.dsl.connections import connections

from search.conf import conf
from search.mapping.base import VersionedDocument
from search.mapping.fingerprint import signed_body
from search.query.client import DeadlineClient
from search.query.export import Export
from search.query.facets import Terms
from search.query.fields import AnyOf, Equals, Keyword, Name, Sort, Text, Weights
from search.query.params import ExportParams, SearchParams
from search.query.request import SearchRequest, SearchResult
from search.query.schema import SearchSchema, searchable
from search.query.search import search
from search.query.serializers import answer_serializer, hit_serializer, suggest_serializer
from search.query.suggest import suggest
from search.query.views import ExportView, SearchView, SuggestView
from tests.shop.models import Item, Part

ITEMS = SearchSchema(
    Keyword("id"),
    Name(
        "name",
        weights=Weights(word=10, prefix=5, fuzzy=1, whole=30),
        sort=Sort("name"),
        filter=Equals("name"),
        highlight=True,
        suggest="names",
    ),
    Keyword("parts", many=True, weights=Weights(exact=20), filter=AnyOf("part"), facet=Terms("part")),
    name="item",
    default_sort="name",
)


@searchable(ITEMS)
class SearchedItem(VersionedDocument):
    """An item and its parts. A registry of its own keeps it out of the other tests."""

    capture = {Part: "item"}

    def prepare_parts(self, instance: Item) -> list[str]:
        return sorted(part.name for part in instance.parts.all())

    class Index:
        name = f"{conf.INDEX_PREFIX}searched-items"
        settings = {"number_of_shards": 1, "number_of_replicas": 0}

    class Django:
        model = Item
        related_models = [Part]


DocumentRegistry().register_document(SearchedItem)


class ItemSearch(SearchView):
    """GET ?q=."""

    search_schema = ITEMS


class ItemExport(ExportView):
    """GET ?format=."""

    search_schema = ITEMS


class ItemSuggest(SuggestView):
    """GET ?q=."""

    search_schema = ITEMS


def test_the_mapping_follows_from_the_table() -> None:
    properties = SearchedItem._index.to_dict()["mappings"]["properties"]
    assert (properties["parts"], properties["name"]["type"]) == ({"type": "keyword"}, "text")
    assert {"id", "name", "parts", "version", "row_key", "checksum"} == set(properties)


def test_the_components_are_named_for_the_schema() -> None:
    classes = [hit_serializer(ITEMS), answer_serializer(ITEMS), suggest_serializer(ITEMS)]
    assert [each.__name__ for each in classes] == ["HighlightedItem", "ItemSearchAnswer", "ItemSuggestAnswer"]
    assert hit_serializer(ITEMS) is classes[0]


def test_an_undecorated_schema_says_what_to_do() -> None:
    with pytest.raises(TypeError, match="Decorate it with @searchable"):
        SearchSchema(Keyword("id"), name="thing").alias  # noqa: B018


@pytest.mark.parametrize(
    ("fields", "options", "problem"),
    [
        ([Text("note", sort=Sort("note"))], {}, "note is a Text, which cannot be sorted, filtered or a facet."),
        ([Keyword("a", filter=AnyOf("x")), Keyword("b", filter=AnyOf("x"))], {}, "The parameter x stands for two"),
        ([Keyword("a", filter=AnyOf("page"))], {}, "The parameter page stands for two"),
        ([Keyword("a")], {"default_sort": "-name"}, "There is no sort -name."),
    ],
)
def test_a_table_that_cannot_work_is_refused(fields: list[Any], options: dict[str, str], problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        SearchSchema(*fields, name="thing", **options)


@pytest.mark.parametrize("params_class", [SearchParams, ExportParams])
def test_parameters_follow_from_the_table(params_class: type[SearchParams]) -> None:
    class ItemParams(params_class):  # type: ignore[valid-type,misc]
        schema = ITEMS

    assert {"q", "name", "part", "sort", "fields", "fresh"} <= set(ItemParams().fields)
    assert [*ItemParams().fields["sort"].choices] == ["relevance", "-relevance", "name", "-name"]


NAMES = {
    "brass lamp": ["bulb", "shade"],
    "desk lamp": ["bulb"],
    "oak chair": ["leg", "seat"],
    "oak table": ["leg"],
    "umbrella stand": [],
}


@pytest.fixture
def index(engine: Elasticsearch, db: None, settings: Any) -> Iterator[str]:
    """Five items from the database, in an index behind the alias that the schema names."""
    settings.SEARCH_TIMEOUT = 30.0
    engine.indices.create(index=ITEMS.alias, **signed_body(SearchedItem))
    document = SearchedItem()
    for name, parts in NAMES.items():
        item = Item.objects.create(name=name)
        Part.objects.bulk_create(Part(item=item, name=part) for part in parts)
        item.refresh_from_db()  # the triggers have set its version
        source = json.dumps(document.prepare(item), default=str)
        engine.index(index=ITEMS.alias, id=str(item.pk), document=json.loads(source))
    engine.indices.refresh(index=ITEMS.alias)
    yield ITEMS.alias
    engine.indices.delete(index=ITEMS.alias)


def find(**params: Any) -> SearchResult:
    return search(SearchRequest.from_validated_data(ITEMS, params), DeadlineClient(ITEMS.alias, seconds=30))


def names(result: SearchResult) -> list[str]:
    return [item["name"] for item in result.results]


@pytest.mark.engine
@pytest.mark.conformance
@pytest.mark.usefixtures("index")
class TestInAnEngine:
    """Everything that orders can do."""

    def test_search(self) -> None:
        assert names(find(q="lam", page=1)) == ["brass lamp", "desk lamp"]
        assert names(find(q='"oak table"', page=1)) == ["oak table"]
        assert names(find(q="oak -table", page=1)) == ["oak chair"]
        assert names(find(q="seat", page=1)) == ["oak chair"]

    def test_filters(self) -> None:
        assert names(find(part=("leg",))) == ["oak chair", "oak table"]
        assert names(find(name="OAK table")) == ["oak table"]

    def test_facets_ignore_their_own_filter(self) -> None:
        result = find(part=("leg",), facets=("part",))
        assert (result.count, result.facets) == (
            2,
            {
                "part": [
                    {"value": "bulb", "count": 2},
                    {"value": "leg", "count": 2},
                    {"value": "seat", "count": 1},
                    {"value": "shade", "count": 1},
                ]
            },
        )

    def test_sorts(self) -> None:
        assert names(find(sort="name")) == [*NAMES]
        assert names(find(sort="-name")) == [*reversed(NAMES)]
        assert names(find()) == [*NAMES]

    def test_highlights(self) -> None:
        [item] = find(q="brass", highlight=True).results
        assert item["highlight"] == {"name": ["<mark>brass</mark> lamp"]}

    def test_typing_errors(self) -> None:
        result = find(q="umbrela")
        assert (names(result), result.is_fuzzy, result.did_you_mean) == (["umbrella stand"], True, "umbrella")

    def test_suggestions(self) -> None:
        assert suggest(ITEMS, "oak t") == {"names": [{"text": "oak table", "count": 1}], "did_you_mean": None}

    def test_cursor(self) -> None:
        first = find(page_size=2)
        second = find(page_size=2, cursor=first.cursor)
        third = find(page_size=2, cursor=second.cursor)
        assert [*map(names, (first, second, third))] == [[*NAMES][:2], [*NAMES][2:4], [*NAMES][4:]]
        assert third.cursor is None

    def test_export(self) -> None:
        request = SearchRequest.from_validated_data(ITEMS, {"fields": ("name", "parts")})
        exported = Export(request, "csv", hit_serializer(ITEMS)(only=request.fields))
        assert "".join(exported).splitlines()[:3] == [
            "name,parts",
            'brass lamp,"[""bulb"",""shade""]"',
            'desk lamp,"[""bulb""]"',
        ]

    def get(self, view: Any, query: str) -> Any:
        response = view.as_view(permission_classes=[])(RequestFactory().get(f"/items?{query}"))
        return response if response.streaming else response.render()

    def test_views(self) -> None:
        response = self.get(ItemSearch, "q=oak&page_size=1&facets=part&highlight=1&fields=name")
        answer = json.loads(response.content)
        assert (response.status_code, answer["count"], answer["previous"]) == (200, 2, None)
        assert answer["next"].startswith("http://testserver/items?cursor=")
        assert answer["results"] == [{"name": "oak chair", "highlight": {"name": ["<mark>oak</mark> chair"]}}]
        assert answer["facets"]["part"][0] == {"value": "leg", "count": 2}

    def test_answers_have_every_column(self) -> None:
        [item] = json.loads(self.get(ItemSearch, "q=umbrella").content)["results"]
        row = Item.objects.get(name="umbrella stand")
        assert item == {"id": str(row.pk), "name": row.name, "parts": [], "version": row.version}

    def test_exports_and_suggestions_over_http(self) -> None:
        response = self.get(ItemExport, "format=ndjson&fields=name")
        assert response["Content-Disposition"] == 'attachment; filename="items.ndjson"'
        assert [json.loads(line)["name"] for line in b"".join(response).splitlines()] == [*NAMES]
        assert json.loads(self.get(ItemSuggest, "q=umb").content)["names"][0]["text"] == "umbrella stand"

    def test_errors_over_http(self) -> None:
        response = self.get(ItemSearch, "colour=red&part=&cursor=x")
        assert (response.status_code, response.content.count(b"Unknown parameter.")) == (400, 1)
        assert self.get(ItemSearch, "cursor=x").status_code == 400


def test_no_engine_is_503() -> None:
    before = connections.get_connection()
    connections.create_connection(hosts=["http://127.0.0.1:9"], max_retries=0)  # the discard port
    try:
        response = ItemSearch.as_view(permission_classes=[])(RequestFactory().get("/items")).render()
    finally:
        connections.add_connection("default", before)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert ITEMS.unavailable in response.content.decode()
