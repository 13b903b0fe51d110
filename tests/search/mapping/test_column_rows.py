"""fetch_rows(): the document of a namespace is that of an instance, and where it could differ there are instances."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import Manager, Model, Prefetch, QuerySet
from django.db.models.signals import post_init

from order_search.documents import OrderDocument
from orders.models import Order, OrderLine
from search.mapping.column_readers import PREFETCH_SUFFIX
from search.mapping.column_rows import column_reader, fetch_rows, returns_instances
from tests.factories import OrderFactory
from tests.shop.documents import ItemDocument
from tests.shop.models import Item, Part

TEXTS = ["", "by bike", "Ünïcödé \U0001f6b2", "'; DROP TABLE orders_order; --", '\\ " \t\n']


def orders():
    """Create orders with many kinds of values and zero to three lines, which are written in reverse."""
    for number, text in enumerate(TEXTS):
        order = OrderFactory.create(customer_name=text or "-", note=text, total_amount=f"{10**number}.0{number}")
        for position in range(number % 4, 0, -1):
            OrderLine.objects.create(
                order=order, position=position, sku=f"{text}{position}", quantity=position, unit_price="0.10"
            )


def kinds(rows):
    return {type(row) for row in rows}


@pytest.mark.django_db
def test_an_order_s_document_is_the_same():
    orders()
    document = OrderDocument()
    bare = fetch_rows(document, document.get_queryset().order_by("pk"))
    instances = list(document.get_queryset().order_by("pk"))
    assert (kinds(bare), kinds(instances)) == ({SimpleNamespace}, {Order})
    assert [document._prepare_action(row, "index") for row in bare] == [
        document._prepare_action(row, "index") for row in instances
    ]
    assert [len(row.__dict__["lines" + PREFETCH_SUFFIX]) for row in bare] == [0, 1, 2, 3, 0]


@pytest.mark.django_db
def test_the_document_is_the_package_s_own():
    """It equals prepare() of an instance that was read without prefetch_columns()."""
    orders()
    document = OrderDocument()
    bare = {row.pk: document.prepare(row) for row in fetch_rows(document, document.get_queryset())}
    assert bare == {order.pk: document.prepare(order) for order in Order.objects.all()}


@pytest.mark.django_db
def test_two_statements_whatever_the_number(django_assert_num_queries):
    orders()
    with django_assert_num_queries(2):
        assert len(fetch_rows(OrderDocument(), OrderDocument().get_queryset())) == len(TEXTS)


@pytest.mark.django_db
def test_one_statement_without_rows(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert fetch_rows(OrderDocument(), OrderDocument().get_queryset()) == []


@pytest.mark.django_db
def test_filters_order_and_slices_are_kept():
    orders()
    queryset = OrderDocument().get_queryset().exclude(note="by bike").order_by("-pk")
    assert [row.pk for row in fetch_rows(OrderDocument(), queryset[1:3])] == [row.pk for row in queryset[1:3]]


def test_column_reader():
    reader = column_reader(OrderDocument())
    assert reader is not None
    assert (reader.model, "version" in reader.columns, "items" in reader.columns) == (Order, True, False)
    (lines,) = reader.relations
    assert (lines.model, lines.key, lines.attribute) == (OrderLine, "order", "lines" + PREFETCH_SUFFIX)


@pytest.mark.django_db
def test_a_document_with_prepare_methods_gets_instances():
    item = Item.objects.create(name="lamp")
    Part.objects.create(item=item, name="shade")
    assert kinds(fetch_rows(ItemDocument(), ItemDocument().get_queryset())) == {Item}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["prepare", "_prepare_action", "generate_id", "should_index_object", "prepare_row_key", "prepare_note"]
)
def test_a_document_with_an_override_gets_instances(monkeypatch, name):
    orders()
    monkeypatch.setattr(OrderDocument, name, lambda self, row, *more: None, raising=False)
    assert kinds(fetch_rows(OrderDocument(), OrderDocument().get_queryset())) == {Order}


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Order, OrderLine])
def test_a_model_with_a_receiver_gets_instances(model):
    orders()
    received = []

    def receive(instance, **kwargs):
        received.append(type(instance))

    post_init.connect(receive, sender=model)
    try:
        assert kinds(fetch_rows(OrderDocument(), OrderDocument().get_queryset())) == {Order}
    finally:
        post_init.disconnect(receive, sender=model)
    assert set(received) == {model}


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Order, OrderLine])
@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("__init__", lambda self, *values, **more: Model.__init__(self, *values, **more)),
        ("from_db", classmethod(lambda cls, *values: vars(Model)["from_db"].__func__(cls, *values))),
        ("__getattr__", lambda self, name: (_ for _ in ()).throw(AttributeError(name))),
    ],
    ids=["__init__", "from_db", "__getattr__"],
)
def test_a_model_with_an_override_gets_instances(monkeypatch, model, name, method):
    orders()
    monkeypatch.setattr(model, name, method, raising=False)
    assert kinds(fetch_rows(OrderDocument(), OrderDocument().get_queryset())) == {Order}


@pytest.mark.parametrize(("model", "name"), [(Order, "note"), (OrderLine, "sku")])
def test_a_column_behind_a_property_needs_an_instance(monkeypatch, model, name):
    monkeypatch.setattr(model, name, property(lambda self: "ours"))
    assert column_reader(OrderDocument()) is None


class Own(QuerySet[Any]):
    """A queryset with a method that fetch_rows() would skip."""

    def _fetch_all(self):
        super()._fetch_all()


@pytest.mark.parametrize(
    ("queryset", "expected"),
    [
        pytest.param(Order.objects.all(), True, id="all"),
        pytest.param(Order.objects.filter(note="").order_by("pk")[:5], True, id="a slice"),
        pytest.param(Order.objects.prefetch_related("lines"), True, id="prefetched"),
        pytest.param(
            Order.objects.prefetch_related(Prefetch("lines", OrderLine.objects.all())),
            False,
            id="a queryset of its own",
        ),
        pytest.param(Order.objects.values("pk"), False, id="values"),
        pytest.param(Order.objects.values_list("pk"), False, id="lists"),
        pytest.param(Order.objects.all().union(Order.objects.all()), False, id="a union"),
        pytest.param(Order.objects.raw("SELECT 1"), False, id="raw"),
        pytest.param(Own(Order), False, id="a subclass"),
    ],
)
def test_returns_instances(queryset, expected):
    assert returns_instances(queryset) is expected


@pytest.mark.django_db
def test_related_rows_of_a_manager_with_an_override_are_instances(monkeypatch):
    orders()
    manager = Manager.from_queryset(Own)()
    manager.model, manager.name = OrderLine, "objects"
    monkeypatch.setitem(OrderLine._meta.__dict__, "default_manager", manager)
    assert kinds(fetch_rows(OrderDocument(), OrderDocument().get_queryset())) == {Order}
