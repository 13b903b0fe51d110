"""Fast getters return what the getters of django-elasticsearch-dsl return."""

from functools import partial
from operator import attrgetter

import pytest
from django_elasticsearch_dsl import Document, fields
from elasticsearch.dsl import InnerDoc

from order_search.documents import OrderDocument
from orders.models import Order, OrderLine
from search.mapping.column_readers import fast_getter
from tests.search.engine_help import order


def saved(number, **values):
    instance = order(number, **values)
    instance.save()
    return instance


def package_getters(document):
    """Return the package's own getter of each field."""
    return {name: getter for name, _, getter in Document.init_prepare(document)}


def faster(field, name="note", model=Order):
    """Return the fast getter of a field, or None if the package's own is kept."""
    field._path = field._path or [name]
    package_getter = partial(field.get_value_from_instance, field_value_to_ignore=None)
    getter = fast_getter(name, field, package_getter, model)
    return None if getter is package_getter else getter


@pytest.mark.django_db
@pytest.mark.parametrize("lines", [0, 1, 3])
@pytest.mark.parametrize("prefetched", [False, True])
def test_an_order_reads_as_the_package_reads_it(lines, prefetched):
    instance = saved(7, note="by bike")
    for position in range(1, lines + 1):
        OrderLine.objects.create(
            order=instance, position=position, sku=f"L-{position}", quantity=position, unit_price="7.5"
        )
    rows = OrderDocument().get_queryset() if prefetched else Order.objects.all()
    document, row = OrderDocument(), rows.get(pk=instance.pk)
    assert document.prepare(row) == {name: read(row) for name, read in package_getters(document).items()}


@pytest.mark.django_db
def test_orders_with_their_lines_are_two_statements(django_assert_num_queries):
    for number in range(3):
        OrderLine.objects.create(order=saved(number), position=1, sku="L", quantity=1, unit_price=1)
    with django_assert_num_queries(2):
        assert [len(OrderDocument().prepare(row)["lines"]) for row in OrderDocument().get_queryset()] == [1, 1, 1]


def test_only_prepare_methods_of_an_order_keep_their_getter():
    document = OrderDocument()
    kept = package_getters(document)
    same = {name for name, _, getter in document._prepared_fields if getter == kept[name]}
    assert same == {"row_key", "checksum"}


def test_a_column_is_read_by_its_name():
    assert isinstance(faster(fields.TextField()), attrgetter)
    assert faster(fields.TextField(attr="note"), name="remark")(Order(note="by bike")) == "by bike"


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
        pytest.param(fields.NestedField(doc_class=Inner), "lines", Order, id="a prepared part"),
        pytest.param(
            fields.NestedField(properties={"amount": fields.DoubleField()}), "lines", Order, id="a property in a part"
        ),
        pytest.param(fields.NestedField(properties={}), "lines", Order, id="without parts"),
    ],
)
def test_every_other_field_keeps_its_getter(field, name, model):
    assert faster(field, name, model) is None


def test_a_field_with_a_value_to_ignore_keeps_its_getter():
    line = OrderLine(sku="L")
    field = fields.KeywordField(attr="sku")
    package_getter = partial(field.get_value_from_instance, field_value_to_ignore=line)
    assert fast_getter("sku", field, package_getter, OrderLine) is package_getter


@pytest.mark.parametrize("method", ["__getitem__", "__bool__", "__len__"])
def test_fields_of_a_model_with_overrides_keep_their_getter(monkeypatch, method):
    lines = fields.NestedField(properties={"sku": fields.KeywordField()})
    assert (faster(fields.KeywordField()), faster(lines, "lines")) != (None, None)
    monkeypatch.setattr(Order, method, lambda self, *name: 0, raising=False)
    assert (faster(fields.KeywordField()), faster(lines, "lines")) == (None, None)
