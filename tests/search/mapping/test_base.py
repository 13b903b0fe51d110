"""VersionedDocument: each write carries the row's version, and the numbers that a comparison sums."""

from collections import defaultdict
from uuid import UUID

import pytest
from django_elasticsearch_dsl import Document
from django_elasticsearch_dsl.registries import registry

from order_search.documents import OrderDocument
from orders.models import Order, OrderLine
from search.mapping.base import VersionedDocument
from search.mapping.checksum import checksum, key_number
from search.mapping.registry import documents
from tests.shop.documents import ItemDocument
from tests.shop.models import Item, Part

VERSION = 1_800_000_000_000_000


@pytest.fixture
def order():
    return Order(pk=17, order_number="order00017", customer_name="Ann", total_amount=1, version=VERSION)


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["index", "delete"])
def test_every_write_carries_the_rows_version(order, action):
    prepared = OrderDocument()._prepare_action(order, action)
    assert (prepared["_op_type"], prepared["_id"]) == (action, 17)
    assert (prepared["version"], prepared["version_type"]) == (VERSION, "external_gte")


@pytest.mark.django_db
def test_the_document_carries_the_numbers_of_a_comparison(order):
    prepared = OrderDocument().prepare(order)
    expected = {"row_key": 17, "version": VERSION, "checksum": checksum(17, VERSION)}
    assert {name: prepared[name] for name in expected} == expected


def test_a_key_that_is_not_an_integer_is_hashed():
    pk = UUID(int=1)
    instance = ItemDocument()
    row = Item(id=pk, name="a", version=VERSION)
    assert (instance.prepare_row_key(row), instance.prepare_checksum(row)) == (key_number(pk), checksum(pk, VERSION))
    assert 0 <= key_number(pk) < 2**28


def test_every_document_maps_the_numbers_of_a_comparison():
    for document in documents():
        shapes = document._index.to_dict()["mappings"]["properties"]
        assert {shapes[name]["type"] for name in ("row_key", "version", "checksum")} == {"long"}


def test_documents_are_the_versioned_ones_sorted_by_name(monkeypatch):
    assert documents() == [ItemDocument, OrderDocument]
    for name in ("_indices", "_models", "_related_models"):
        copied = {key: set(values) for key, values in getattr(registry, name).items()}
        monkeypatch.setattr(registry, name, defaultdict(set, copied))
    inner = {"Index": type("Index", (), {"name": "plain"}), "Django": type("Django", (), {"model": Item})}
    plain = registry.register_document(type("APlain", (Document,), inner))
    assert plain in registry.get_documents()
    assert documents() == [ItemDocument, OrderDocument]
    assert documents([Item]) == [ItemDocument]


@pytest.mark.parametrize(
    ("models", "expected"),
    [([Order], [OrderDocument]), ([Order, Item], [ItemDocument, OrderDocument]), ([Part], []), ([], [])],
)
def test_documents_of_models(models, expected):
    assert documents(models) == expected


def test_a_document_without_related_models_has_no_paths():
    assert VersionedDocument.capture == {}
    assert OrderDocument.capture == {OrderLine: "order"}
    assert ItemDocument.capture == {Part: "item"}
