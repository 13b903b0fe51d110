"""The table of fields: an order's mapping follows from it, and one more field needs nothing but one more entry."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict
from elasticsearch.dsl import MetaField

from desk import facets
from desk.search_params import SearchParams as PageParams
from order_search.documents import OrderDocument
from order_search.fields import ORDERS
from search.client import client
from search.indices import lifecycle
from search.mapping.base import VersionedDocument
from search.mapping.fingerprint import fingerprint, signed_body
from search.query.client import DeadlineClient
from search.query.export import Export
from search.query.facets import Ranges, Terms
from search.query.fields import AnyOf, Between, Choice, Integer, Keyword, Name, Number, Sort, Weights
from search.query.params import SearchParams
from search.query.request import SearchRequest, SearchResult
from search.query.schema import SearchSchema, searchable
from search.query.search import search
from search.query.serializers import answer_serializer, hit_serializer
from search.query.suggest import suggest
from tests.order_search.five_hundred import source

MORE = ORDERS.extend(
    Name(
        "seller_name",
        label="Seller",
        weights=Weights(word=8, prefix=4, fuzzy=1),
        sort=Sort("seller"),
        highlight=True,
        suggest="sellers",
    ),
    Keyword("channel", label="Sales channel", filter=AnyOf("channel"), facet=Terms("channel")),
    Number(
        "discount",
        sort=Sort("discount"),
        filter=Between("discount_min", "discount_max"),
        facet=Ranges("discount", (0, 10, 50)),
    ),
)


class MoreParams(SearchParams):
    """The parameters of the larger table."""

    schema = MORE


def more_document() -> type[VersionedDocument]:
    """Return a document of the larger table; it is registered nowhere."""

    class MoreDocument(VersionedDocument):
        class Index:
            name = "more"
            settings = {"number_of_shards": 1, "number_of_replicas": 0}

        class Meta:
            dynamic = MetaField("false")

    document = MORE.document
    try:
        return searchable(MORE)(MoreDocument)
    finally:
        MORE.document = document


def test_the_mapping_and_its_fingerprint_are_what_they_were() -> None:
    """A change of either makes everybody rebuild; when one is meant, write the new body to the file."""
    expected = json.loads((Path(__file__).parent / "index_body.json").read_text())
    assert json.loads(json.dumps(OrderDocument._index.to_dict())) == expected
    assert fingerprint(OrderDocument) == "13942f13851f49c6"


def test_more_fields_are_mapped() -> None:
    properties = more_document()._index.to_dict()["mappings"]["properties"]
    assert properties["channel"] == {"type": "keyword"}
    assert properties["discount"] == {"type": "double"}
    assert set(properties["seller_name"]["fields"]) == {"words", "keyword", "raw"}
    assert "channel" not in OrderDocument._index.to_dict()["mappings"]["properties"]


def test_more_fields_are_parameters() -> None:
    params = MoreParams(data=QueryDict("channel=shop,web&discount_min=5&sort=-seller&fields=channel&facets=true"))
    assert params.is_valid(), params.errors
    assert {name: params.validated_data[name] for name in ("channel", "sort", "fields", "facets")} == {
        "channel": ("shop", "web"),
        "sort": "-seller",
        "fields": ("channel",),
        "facets": ("status", "currency", "channel", "amount", "month", "discount"),
    }
    wrong = MoreParams(data=QueryDict("discount_min=5&discount_max=4&sort=channel"))
    assert not wrong.is_valid()
    assert set(wrong.errors) == {"sort"}
    assert not MoreParams(data=QueryDict("discount_min=5&discount_max=4")).is_valid()


def test_more_fields_are_columns_and_answers() -> None:
    columns = ["seller_name", "channel", "discount", "version"]
    assert list(MORE.columns)[-4:] == columns
    assert list(hit_serializer(MORE)().fields)[-5:] == [*columns, "highlight"]
    answered: Any = answer_serializer(MORE)()
    assert "discount" in answered.fields["facets"].fields


def test_a_nested_field_that_an_older_document_has_not_is_left_out() -> None:
    line = {"sku": "LAMP-1", "description": "A lamp", "quantity": None}
    document = {"id": 1, "lines": [line]}
    assert hit_serializer(ORDERS)(only=("lines",)).to_representation(document)["lines"] == [line]


def test_a_whole_number_is_limited_to_what_its_mapping_holds() -> None:
    class CountParams(SearchParams):
        schema = MORE.extend(Integer("boxes", filter=Between("boxes_min", "boxes_max")))

    params = CountParams(data=QueryDict(f"boxes_min={2**31}&boxes_max=-{2**31}"))
    assert not params.is_valid()
    assert set(params.errors) == {"boxes_min", "boxes_max"}


def test_another_schema_s_cursor_does_not_belong_to_a_search() -> None:
    others = SearchSchema(Integer("id"), name="other")
    keys = {SearchRequest.from_validated_data(schema, {"q": "a"}).key for schema in (ORDERS, others)}
    assert len(keys) == 2


def test_a_choice_without_a_facet_has_no_counts_on_the_desk() -> None:
    schema = MORE.extend(
        Choice("size", choices=[("s", "Small")], filter=AnyOf("size")), Keyword("origin", filter=AnyOf("origin"))
    )
    groups = facets.filter_groups(PageParams.from_query(QueryDict(""), schema), {"channel": []}, {})
    [size] = [group for group in groups if group.name == "size"]
    assert [(choice.value, choice.count) for choice in size.choices] == [("s", None)]
    assert "origin" not in {group.name for group in groups}


def test_more_fields_are_on_the_desk() -> None:
    params = PageParams.from_query(QueryDict("channel=shop&discount_min=10&q=a"), MORE)
    buckets: facets.Facets = {
        "channel": [{"value": "web", "count": 2}],
        "discount": [{"from": 10, "to": 50, "count": 1}],
    }
    groups = {group.name: group for group in facets.filter_groups(params, buckets, {})}
    assert [*groups] == ["status", "currency", "channel", "amount", "month", "discount"]
    assert [(choice.value, choice.count, choice.is_chosen) for choice in groups["channel"].choices] == [
        ("web", 2, False),
        ("shop", 0, True),
    ]
    assert str(groups["discount"].choices[0].address) == "/?channel=shop&q=a&discount_min=10&discount_max=49.99"
    assert [chip.label for chip in facets.chips(params)] == ["shop", "Discount from 10"]
    assert ("seller", "Seller, A to Z") in facets.sort_options(MORE)
    assert ("-discount", "Discount, largest first") in facets.sort_options(MORE)
    assert facets.param_labels(MORE)["discount_max"] == "Discount to"


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    name = f"table-{lifecycle.new_index_name('more')}"
    patient = client(request_timeout=60)
    patient.indices.create(index=name, **signed_body(more_document()))
    values = [("Ann Archer", "shop", 5.0), ("Bob Baker", "web", 20.0), ("Cleo Carver", "web", 60.0)]
    for at, (seller, channel, discount) in enumerate(values, start=1):
        order = source(at, f"M-{at}", "Jane Doe", "", [])
        order |= {"seller_name": seller, "channel": channel, "discount": discount}
        patient.index(index=name, id=str(at), document=order)
    patient.indices.refresh(index=name)
    yield name
    patient.indices.delete(index=name)


@pytest.mark.engine
@pytest.mark.conformance
class TestInAnEngine:
    """More fields are searched, filtered, counted, sorted, highlighted, suggested and exported."""

    def search(self, index: str, schema: SearchSchema = MORE, **params: Any) -> SearchResult:
        request = SearchRequest.from_validated_data(schema, {"page": 1, **params})
        return search(request, DeadlineClient(index, seconds=30))

    def ids(self, result: SearchResult) -> list[int]:
        return [order["id"] for order in result.results]

    def test_search_and_highlight(self, index: str) -> None:
        result = self.search(index, q="bake", highlight=True)
        assert self.ids(result) == [2]
        assert result.results[0]["highlight"] == {"seller_name": ["Bob <mark>Baker</mark>"]}
        assert self.ids(self.search(index, ORDERS, q="bake")) == []

    def test_errors_are_allowed_and_corrected(self, index: str) -> None:
        assert self.ids(self.search(index, q="carvr")) == [3]

    def test_filters_and_facets(self, index: str) -> None:
        result = self.search(index, channel=("web",), discount_max=30, facets=("channel", "discount"))
        assert self.ids(result) == [2]
        assert result.facets == {
            "channel": [{"value": "shop", "count": 1}, {"value": "web", "count": 1}],
            "discount": [
                {"from": 0, "to": 10, "count": 0},
                {"from": 10, "to": 50, "count": 1},
                {"from": 50, "to": None, "count": 1},
            ],
        }

    def test_sorts(self, index: str) -> None:
        assert self.ids(self.search(index, sort="-discount")) == [3, 2, 1]
        assert self.ids(self.search(index, sort="seller")) == [1, 2, 3]

    def test_suggestions(self, index: str) -> None:
        assert suggest(MORE, "cle", DeadlineClient(index, seconds=30))["sellers"] == [
            {"text": "Cleo Carver", "count": 1}
        ]

    def test_export(self, index: str) -> None:
        request = SearchRequest.from_validated_data(MORE, {"sort": "discount", "fields": ("seller_name", "discount")})
        serializer = hit_serializer(MORE)(only=request.fields)
        exported = Export(request, "csv", serializer, DeadlineClient(index, seconds=30))
        assert "".join(exported).splitlines() == [
            "seller_name,discount",
            "Ann Archer,5.00",
            "Bob Baker,20.00",
            "Cleo Carver,60.00",
        ]
