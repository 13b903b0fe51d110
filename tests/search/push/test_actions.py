"""What a push reads and the actions it builds: to every target, deletes, and rows that cannot be prepared."""

import json

import pytest

from order_search.documents import OrderDocument
from orders.models import Order
from search.mapping.fingerprint import fingerprint
from search.mapping.keys import Key
from search.models import Entry, Index
from search.outbox.outcomes import ActionResult, Outcome
from search.push.actions import build_actions
from search.push.push import push_keys

pytestmark = pytest.mark.django_db(transaction=True)
ALIAS = OrderDocument._index._name


@pytest.fixture(autouse=True)
def _no_other_pushes(settings):
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
    """Return (key, type, index, version) of each action."""
    lines = [json.loads(action.body.split(b"\n")[0])[action.op_type] for action in found.actions]
    return {
        (action.key, action.op_type, line["_index"], line["version"])
        for action, line in zip(found.actions, lines, strict=True)
    }


def test_entries_then_rows_then_targets(django_assert_num_queries):
    _, key = order()
    index()
    with django_assert_num_queries(6) as queries:
        build_actions([key], "default")
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
    assert sent(build_actions([key], "default")) == {(key, "index", "live", found.version)}
    index("next", "building")
    index("before", "standby")
    index("old", "retired")
    targets = {name for _, _, name, _ in sent(build_actions([key], "default"))}
    assert targets == {"live", "next", "before"}


def test_a_row_that_is_gone_is_a_delete_by_the_entrys_version():
    found, key = order()
    index()
    found.delete()
    version = Entry.objects.get(key=key).version
    result = build_actions([key], "default")
    assert sent(result) == {(key, "delete", "live", version)}
    assert result.deleted_keys == {key}


def test_a_row_outside_the_queryset_is_a_delete(monkeypatch):
    _, hidden = order(1, "hidden")
    _, key = order(2)
    index()
    queryset = OrderDocument.get_queryset
    monkeypatch.setattr(OrderDocument, "get_queryset", lambda self: queryset(self).exclude(customer_name="hidden"))
    found = build_actions([hidden, key], "default")
    assert {(key, name) for key, name, _, _ in sent(found)} == {(hidden, "delete"), (key, "index")}


def test_a_row_that_should_not_be_indexed_is_a_delete(monkeypatch):
    _, hidden = order(1, "hidden")
    index()
    monkeypatch.setattr(OrderDocument, "should_index_object", lambda self, row: row.customer_name != "hidden")
    assert [name for _, name, _, _ in sent(build_actions([hidden], "default"))] == ["delete"]


def test_a_row_whose_prepare_fails_holds_up_no_other(monkeypatch):
    _, bad = order(1, "bad")
    _, good = order(2)
    index()

    def prepare(self, row):
        if row.customer_name == "bad":
            raise ValueError("a customer's data")
        return row.customer_name

    monkeypatch.setattr(OrderDocument, "prepare_customer_name", prepare, raising=False)
    found = build_actions([bad, good], "default")
    assert [action.key for action in found.actions] == [good]
    assert found.action_results[bad] == [ActionResult(Outcome.RETRY, "prepare: ValueError")]


def test_a_row_that_cannot_even_be_read_holds_up_no_other(monkeypatch, caplog):
    (_, bad), *others = [order(number, "bad" if number == 1 else "good") for number in range(1, 6)]

    def should(self, row):
        if row.customer_name == "bad":
            raise ValueError("no")
        return True

    monkeypatch.setattr(OrderDocument, "should_index_object", should)
    found = {result.entry.key: result.combined for result in push_keys([bad, *(key for _, key in others)], "default")}
    assert found.pop(bad) == ActionResult(Outcome.RETRY, "read: ValueError")
    assert set(found.values()) == {ActionResult(Outcome.BLOCKED, "no live index")}
    assert len(found) == 4
    assert [record.getMessage() for record in caplog.records] == [f"{bad} cannot be read"]


def test_a_building_index_of_other_code_is_left_to_a_relay_of_that_code():
    _, key = order()
    index()
    index("next", "building", made="other")
    found = build_actions([key], "default")
    assert {name for _, _, name, _ in sent(found)} == {"live"}
    assert found.action_results[key] == [ActionResult(Outcome.BLOCKED, "an index of newer code")]


def test_new_code_writes_to_an_older_live_index_whose_refusals_are_retried():
    _, key = order()
    index(made="older")
    [action] = build_actions([key], "default").actions
    assert action.same_fingerprint is False


def test_older_code_leaves_a_newer_live_index_alone():
    _, key = order()
    index(made="newer", replaces=[fingerprint(OrderDocument)])
    found = build_actions([key], "default")
    assert found.actions == []
    assert found.action_results[key] == [ActionResult(Outcome.BLOCKED, "an index of newer code")]


def test_no_live_index_is_no_success():
    _, key = order()
    index("next", "building")
    found = build_actions([key], "default")
    assert {name for _, _, name, _ in sent(found)} == {"next"}
    assert found.action_results[key] == [ActionResult(Outcome.BLOCKED, "no live index")]


@pytest.mark.parametrize("key", ["gone.Model:1", "orders.Order:no number", "auth.User:1"])
def test_a_key_without_a_registered_document_stays_pending(key):
    _, known = order()
    Entry.objects.update(key=key)
    found = build_actions([key, known], "default")
    assert (found.actions, found.action_results[key]) == ([], [ActionResult(Outcome.BLOCKED, "no registered document")])


def test_a_key_without_an_entry_is_not_in_the_answer():
    found = build_actions(["orders.Order:1"], "default")
    assert (found.entries, found.actions) == ({}, [])
    assert build_actions([], "default").entries == {}
