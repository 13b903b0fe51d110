"""A document reads off a row what django-elasticsearch-dsl reads, whichever of the two does it."""

from functools import partial
from operator import attrgetter

import pytest
from django_elasticsearch_dsl import Document, fields
from elasticsearch.dsl import InnerDoc

from order_search.documents import OrderDocument
from orders.models import Order, OrderLine
from search.mapping.column_readers import quicker
from tests.search.engine_help import order


def saved(number, **values):
    """An order in the table."""
    made = order(number, **values)
    made.save()
    return made


def package(document):
    """What the package itself reads each field by."""
    return {name: found for name, _, found in Document.init_prepare(document)}


def getter(field, name="note", model=Order):
    """What a document of this field alone would read it by; None where that is the package's own."""
    field._path = field._path or [name]
    found = partial(field.get_value_from_instance, field_value_to_ignore=None)
    chosen = quicker(name, field, found, model)
    return None if chosen is found else chosen


@pytest.mark.django_db
@pytest.mark.parametrize("lines", [0, 1, 3])
@pytest.mark.parametrize("read_ahead", [False, True])
def test_an_order_reads_as_the_package_reads_it(lines, read_ahead):
    made = saved(7, note="by bike")
    for position in range(1, lines + 1):
        OrderLine.objects.create(
            order=made, position=position, sku=f"L-{position}", quantity=position, unit_price="7.5"
        )
    rows = OrderDocument().get_queryset() if read_ahead else Order.objects.all()
    document, row = OrderDocument(), rows.get(pk=made.pk)
    assert document.prepare(row) == {name: read(row) for name, read in package(document).items()}


@pytest.mark.django_db
def test_orders_with_their_lines_are_two_statements(django_assert_num_queries):
    for number in range(3):
        OrderLine.objects.create(order=saved(number), position=1, sku="L", quantity=1, unit_price=1)
    with django_assert_num_queries(2):
        assert [len(OrderDocument().prepare(row)["lines"]) for row in OrderDocument().get_queryset()] == [1, 1, 1]


def test_of_an_order_only_what_is_prepared_is_left_to_the_document():
    document = OrderDocument()
    found = package(document)
    same = {name for name, _, read in document._prepared_fields if read == found[name]}
    assert same == {"row_key", "checksum"}


def test_a_column_is_read_by_its_name():
    assert isinstance(getter(fields.TextField()), attrgetter)
    assert getter(fields.TextField(attr="note"), name="remark")(Order(note="by bike")) == "by bike"


class Inner(InnerDoc):
    sku = fields.KeywordField()

    def prepare_sku(self, instance):
        return instance.sku.lower()


@pytest.mark.parametrize(
    ("field", "name", "model"),
    [
        pytest.param(fields.KeywordField(attr="order.order_number"), "number", OrderLine, id="a path"),
        pytest.param(fields.KeywordField(), "amount", OrderLine, id="a property"),
        pytest.param(fields.KeywordField(), "order", OrderLine, id="a relation"),
        pytest.param(fields.ListField(fields.KeywordField()), "note", Order, id="a list"),
        pytest.param(fields.FileField(), "note", Order, id="a file"),
        pytest.param(fields.ObjectField(properties={"note": fields.TextField()}), "order", OrderLine, id="a parent"),
        pytest.param(fields.NestedField(doc_class=Inner), "lines", Order, id="a part of its own making"),
        pytest.param(fields.NestedField(properties={"amount": fields.DoubleField()}), "lines", Order, id="no column"),
        pytest.param(fields.NestedField(properties={}), "lines", Order, id="no part"),
    ],
)
def test_all_else_is_left_to_the_package(field, name, model):
    assert getter(field, name, model) is None


def test_a_row_that_is_to_be_ignored_is_left_to_the_package():
    line = OrderLine(sku="L")
    found = partial(fields.KeywordField(attr="sku").get_value_from_instance, field_value_to_ignore=line)
    assert quicker("sku", found.func.__self__, found, OrderLine) is found


@pytest.mark.parametrize("way", ["__getitem__", "__bool__", "__len__"])
def test_rows_with_ways_of_their_own_are_left_to_the_package(monkeypatch, way):
    lines = fields.NestedField(properties={"sku": fields.KeywordField()})
    assert (getter(fields.KeywordField()), getter(lines, "lines")) != (None, None)
    monkeypatch.setattr(Order, way, lambda self, *name: 0, raising=False)
    assert (getter(fields.KeywordField()), getter(lines, "lines")) == (None, None)
