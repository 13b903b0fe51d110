"""What a push reads and what it makes of it: operations to every target, deletes, and rows that cannot be prepared."""

import json

import pytest

from order_search.documents import OrderDocument
from orders.models import Order
from search.mapping.fingerprint import fingerprint
from search.mapping.keys import Key
from search.models import Entry, Index
from search.outbox.outcomes import Answer, Outcome
from search.push import actions
from search.push.actions import read
from search.push.push import push

pytestmark = pytest.mark.django_db(transaction=True)
ALIAS = OrderDocument._index._name


@pytest.fixture(autouse=True)
def _nobody_else_pushes(settings):
    settings.SEARCH_PUSH = "off"


def index(name="live", state="live", made=None, **more):
    return Index.objects.create(
        name=name, alias=ALIAS, state=state, fingerprint=made or fingerprint(OrderDocument), **more
    )


def order(number=1, name="John"):
    found = Order.objects.create(order_number=f"o{number}", customer_name=name, total_amount=1)
    found.refresh_from_db()
    return found, str(Key.of(found))


def sent(found):
    """Each operation: its key, name, index and version."""
    lines = [json.loads(operation.body.split(b"\n")[0])[operation.name] for operation in found.operations]
    return {
        (operation.key, operation.name, line["_index"], line["version"])
        for operation, line in zip(found.operations, lines, strict=True)
    }


def test_entries_then_rows_then_targets(django_assert_num_queries):
    _, key = order()
    index()
    with django_assert_num_queries(6) as queries:
        read([key], "default")
    said = [query["sql"] for query in queries.captured_queries]
    assert said[0].startswith("BEGIN")
    for statement, table in zip(
        said[1:5], ("search_outbox", "orders_order", "orders_orderline", "search_index"), strict=True
    ):
        assert f'FROM "{table}"' in statement
    assert said[5] == "COMMIT"


def test_targets_are_read_each_time():
    found, key = order()
    index()
    assert sent(read([key], "default")) == {(key, "index", "live", found.version)}
    index("next", "building")
    index("before", "standby")
    index("old", "retired")
    targets = {name for _, _, name, _ in sent(read([key], "default"))}
    assert targets == {"live", "next", "before"}


def test_a_row_that_is_gone_is_a_delete_by_the_entrys_version():
    found, key = order()
    index()
    found.delete()
    version = Entry.objects.get(key=key).version
    reading_ = read([key], "default")
    assert sent(reading_) == {(key, "delete", "live", version)}
    assert reading_.deletes == {key}


def test_a_row_outside_the_queryset_is_a_delete(monkeypatch):
    _, hidden = order(1, "hidden")
    _, key = order(2)
    index()
    queryset = OrderDocument.get_queryset
    monkeypatch.setattr(OrderDocument, "get_queryset", lambda self: queryset(self).exclude(customer_name="hidden"))
    found = read([hidden, key], "default")
    assert {(key, name) for key, name, _, _ in sent(found)} == {(hidden, "delete"), (key, "index")}


def test_a_row_that_should_not_be_indexed_is_a_delete(monkeypatch):
    _, hidden = order(1, "hidden")
    index()
    monkeypatch.setattr(OrderDocument, "should_index_object", lambda self, row: row.customer_name != "hidden")
    assert [name for _, name, _, _ in sent(read([hidden], "default"))] == ["delete"]


def test_a_row_whose_prepare_fails_holds_up_no_other(monkeypatch):
    _, bad = order(1, "bad")
    _, good = order(2)
    index()

    def prepare(self, row):
        if row.customer_name == "bad":
            raise ValueError("a customer's data")
        return row.customer_name

    monkeypatch.setattr(OrderDocument, "prepare_customer_name", prepare, raising=False)
    found = read([bad, good], "default")
    assert [operation.key for operation in found.operations] == [good]
    assert found.answers[bad] == [Answer(Outcome.RETRY, "prepare: ValueError")]


def test_a_row_that_cannot_even_be_read_holds_up_no_other(monkeypatch, caplog):
    (_, bad), *others = [order(number, "bad" if number == 1 else "good") for number in range(1, 6)]

    def should(self, row):
        if row.customer_name == "bad":
            raise ValueError("no")
        return True

    monkeypatch.setattr(OrderDocument, "should_index_object", should)
    found = {result.entry.key: result.answer for result in push([bad, *(key for _, key in others)], "default")}
    assert found.pop(bad) == Answer(Outcome.RETRY, "read: ValueError")
    assert set(found.values()) == {Answer(Outcome.WAITING, "no live index")}
    assert len(found) == 4
    assert [record.getMessage() for record in caplog.records] == [f"{bad} cannot be read"]


def test_a_building_index_of_other_code_is_left_to_a_relay_of_that_code():
    _, key = order()
    index()
    index("next", "building", made="other")
    found = read([key], "default")
    assert {name for _, _, name, _ in sent(found)} == {"live"}
    assert found.answers[key] == [Answer(Outcome.WAITING, "an index of newer code")]


def test_new_code_writes_to_an_older_live_index_whose_refusals_it_does_not_trust():
    _, key = order()
    index(made="older")
    [operation] = read([key], "default").operations
    assert operation.trusted is False


def test_older_code_leaves_a_newer_live_index_alone():
    _, key = order()
    index(made="newer", replaces=[fingerprint(OrderDocument)])
    found = read([key], "default")
    assert found.operations == []
    assert found.answers[key] == [Answer(Outcome.WAITING, "an index of newer code")]


def test_no_live_index_is_no_success():
    _, key = order()
    index("next", "building")
    found = read([key], "default")
    assert {name for _, _, name, _ in sent(found)} == {"next"}
    assert found.answers[key] == [Answer(Outcome.WAITING, "no live index")]


@pytest.mark.parametrize("key", ["gone.Model:1", "orders.Order:no number", "auth.User:1"])
def test_a_key_that_no_document_knows_waits_for_code_that_does(key):
    _, known = order()
    Entry.objects.update(key=key)
    found = read([key, known], "default")
    assert (found.operations, found.answers[key]) == ([], [Answer(Outcome.WAITING, "no registered document")])


def test_a_key_without_an_entry_is_not_in_the_answer():
    found = read(["orders.Order:1"], "default")
    assert (found.entries, found.operations) == ({}, [])
    assert actions.read([], "default").entries == {}
