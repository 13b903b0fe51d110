"""A bare row makes the document that an instance makes, and where it might not, an instance is read."""

from types import SimpleNamespace

import pytest
from django.db.models import Manager, Model, Prefetch, QuerySet
from django.db.models.signals import post_init

from order_search.documents import OrderDocument
from orders.models import Order, OrderLine
from search.mapping.column_readers import READ
from search.mapping.column_rows import is_plain, reader, rows_of
from tests.factories import OrderFactory
from tests.shop.documents import ItemDocument
from tests.shop.models import Item, Part

TEXTS = ["", "by bike", "Ünïcödé \U0001f6b2", "'; DROP TABLE orders_order; --", '\\ " \t\n']


def orders():
    """Orders with all kinds of values, and none to three lines, written out of their order."""
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
    bare = rows_of(document, document.get_queryset().order_by("pk"))
    instances = list(document.get_queryset().order_by("pk"))
    assert (kinds(bare), kinds(instances)) == ({SimpleNamespace}, {Order})
    assert [document._prepare_action(row, "index") for row in bare] == [
        document._prepare_action(row, "index") for row in instances
    ]
    assert [len(row.__dict__["lines" + READ]) for row in bare] == [0, 1, 2, 3, 0]


@pytest.mark.django_db
def test_it_is_the_package_s_own_document():
    """Whatever quicker getters there are: what prepare() makes of an instance that was read in the plain way."""
    orders()
    document = OrderDocument()
    bare = {row.pk: document.prepare(row) for row in rows_of(document, document.get_queryset())}
    assert bare == {order.pk: document.prepare(order) for order in Order.objects.all()}


@pytest.mark.django_db
def test_two_statements_whatever_the_number(django_assert_num_queries):
    orders()
    with django_assert_num_queries(2):
        assert len(rows_of(OrderDocument(), OrderDocument().get_queryset())) == len(TEXTS)


@pytest.mark.django_db
def test_of_no_rows_nothing_else_is_asked(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert rows_of(OrderDocument(), OrderDocument().get_queryset()) == []


@pytest.mark.django_db
def test_filters_order_and_slices_are_kept():
    orders()
    queryset = OrderDocument().get_queryset().exclude(note="by bike").order_by("-pk")
    assert [row.pk for row in rows_of(OrderDocument(), queryset[1:3])] == [row.pk for row in queryset[1:3]]


def test_the_columns_that_are_read():
    found = reader(OrderDocument())
    assert found is not None
    assert (found.model, "version" in found.columns, "items" in found.columns) == (Order, True, False)
    (lines,) = found.relations
    assert (lines.model, lines.key, lines.attribute) == (OrderLine, "order", "lines" + READ)


@pytest.mark.django_db
def test_a_document_that_asks_its_row_gets_an_instance():
    """The items' document has ways of its own to prepare its parts."""
    item = Item.objects.create(name="lamp")
    Part.objects.create(item=item, name="shade")
    assert kinds(rows_of(ItemDocument(), ItemDocument().get_queryset())) == {Item}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["prepare", "_prepare_action", "generate_id", "should_index_object", "prepare_row_key", "prepare_note"]
)
def test_a_document_with_its_own_way_gets_instances(monkeypatch, name):
    orders()
    monkeypatch.setattr(OrderDocument, name, lambda self, row, *more: None, raising=False)
    assert kinds(rows_of(OrderDocument(), OrderDocument().get_queryset())) == {Order}


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Order, OrderLine])
def test_a_model_that_hears_of_its_instances_has_them_made(model):
    orders()
    heard = []

    def hear(instance, **kwargs):
        heard.append(type(instance))

    post_init.connect(hear, sender=model)
    try:
        assert kinds(rows_of(OrderDocument(), OrderDocument().get_queryset())) == {Order}
    finally:
        post_init.disconnect(hear, sender=model)
    assert set(heard) == {model}


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Order, OrderLine])
@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("__init__", lambda self, *values, **more: Model.__init__(self, *values, **more)),
        ("from_db", classmethod(lambda cls, db, names, values: Model.from_db.__func__(cls, db, names, values))),
        ("__getattr__", lambda self, name: (_ for _ in ()).throw(AttributeError(name))),
    ],
    ids=["__init__", "from_db", "__getattr__"],
)
def test_a_model_with_its_own_way_has_instances_made(monkeypatch, model, name, way):
    orders()
    monkeypatch.setattr(model, name, way, raising=False)
    assert kinds(rows_of(OrderDocument(), OrderDocument().get_queryset())) == {Order}


@pytest.mark.parametrize(("model", "name"), [(Order, "note"), (OrderLine, "sku")])
def test_a_column_behind_a_property_needs_an_instance(monkeypatch, model, name):
    monkeypatch.setattr(model, name, property(lambda self: "ours"))
    assert reader(OrderDocument()) is None


class Own(QuerySet):
    """A queryset that does more than to fetch."""

    def _fetch_all(self):
        super()._fetch_all()


@pytest.mark.parametrize(
    ("queryset", "plain"),
    [
        pytest.param(Order.objects.all(), True, id="all"),
        pytest.param(Order.objects.filter(note="").order_by("pk")[:5], True, id="a slice"),
        pytest.param(Order.objects.prefetch_related("lines"), True, id="read ahead"),
        pytest.param(Order.objects.prefetch_related(Prefetch("lines", OrderLine.objects.all())), False, id="chosen"),
        pytest.param(Order.objects.values("pk"), False, id="values"),
        pytest.param(Order.objects.values_list("pk"), False, id="lists"),
        pytest.param(Order.objects.all().union(Order.objects.all()), False, id="a union"),
        pytest.param(Order.objects.raw("SELECT 1"), False, id="raw"),
        pytest.param(Own(Order), False, id="of its own"),
    ],
)
def test_a_plain_queryset(queryset, plain):
    assert is_plain(queryset) is plain


@pytest.mark.django_db
def test_related_rows_of_a_manager_with_its_own_way_are_instances(monkeypatch):
    orders()
    manager = Manager.from_queryset(Own)()
    manager.model, manager.name = OrderLine, "objects"
    monkeypatch.setitem(OrderLine._meta.__dict__, "default_manager", manager)
    assert kinds(rows_of(OrderDocument(), OrderDocument().get_queryset())) == {Order}
