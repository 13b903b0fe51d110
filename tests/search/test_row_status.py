"""GET /orders/<id>/search-status, and what explain says of any row: every status, and why."""

from uuid import UUID

import pytest
from django.test import Client

from order_search.documents import OrderDocument
from orders.models import Order
from search import row_status
from search.indices import aliases, records
from search.models import Entry, IndexState
from search.push.relay import Relay
from search.rebuild.rebuild import Options, rebuild
from tests.search.engine_help import make_orders
from tests.shop.models import Item

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


@pytest.fixture
def order(indices):
    """An order, and the index has it."""
    [found] = make_orders(1)
    Relay().drain()
    return found


def live(document=OrderDocument):
    return records.live_index(aliases.alias_of(document)).name


def get(pk):
    response = Client().get(f"/orders/{pk}/search-status")
    return response.status_code, response.json()


def held(version, expected, **values):
    """One index of an answer."""
    return {"name": live(), "state": "live", "version": version, "expected": expected, "error": ""} | values


def answer(order, status, *, version, entry=None, indices):
    return {
        "key": f"orders.Order:{order.pk}",
        "status": status,
        "version": version,
        "entry": entry,
        "indices": indices,
    }


def entry_of(order):
    """The entry as the answer shows it."""
    found = Entry.objects.get(key=f"orders.Order:{order.pk}")

    def iso(moment):
        return moment.isoformat().replace("+00:00", "Z")

    return {
        "version": found.version,
        "deleted": found.deleted,
        "state": found.state,
        "first_changed_at": iso(found.first_changed_at),
        "retry_at": iso(found.retry_at),
        "attempts": found.attempts,
        "last_error": found.last_error,
    }


def change(order):
    """A change that no receiver hears of; the row's new version."""
    Order.objects.filter(pk=order.pk).update(total_amount=7)
    order.refresh_from_db()
    return order.version


def test_indexed(order):
    version = order.version
    expected = answer(order, "indexed", version=version, indices=[held(version, version)])
    assert get(order.pk) == (200, expected)


def test_waiting(order):
    old, new = order.version, change(order)
    expected = answer(order, "waiting", version=new, entry=entry_of(order), indices=[held(old, new)])
    assert get(order.pk) == (200, expected)


@pytest.mark.real  # the embedded engine makes an index that is written to
def test_waiting_shows_the_last_error(indices):
    [order] = make_orders(1)
    indices.indices.delete(index=live())
    Relay().drain()
    found = get(order.pk)[1]
    assert (found["status"], found["entry"]["attempts"]) == ("waiting", 1)
    assert found["entry"]["last_error"] == "index_not_found_exception"


def test_a_delete_settles(order):
    pk = order.pk
    Order.objects.filter(pk=pk).delete()
    Relay().drain()
    expected = answer(order, "settling", version=None, entry=entry_of(order), indices=[held(None, None)])
    assert get(pk) == (200, expected)


def test_absent_is_404(order):
    missing = 9_223_372_036_854_775_807
    for pk in (0, missing):
        expected = answer(Order(pk=pk), "absent", version=None, indices=[held(None, None)])
        assert get(pk) == (404, expected)


def test_a_number_beyond_every_key_is_404(order):
    status, found = get(10**30)
    assert (status, found["status"]) == (404, "absent")


def test_stale_is_an_older_document_that_nothing_will_replace(order):
    old, new = order.version, change(order)
    Entry.objects.all().delete()
    expected = answer(order, "stale", version=new, indices=[held(old, new)])
    assert get(order.pk) == (200, expected)


def test_stale_is_a_document_that_is_gone(order, indices):
    indices.delete(index=live(), id=str(order.pk))
    expected = answer(order, "stale", version=order.version, indices=[held(None, order.version)])
    assert get(order.pk) == (200, expected)


def test_stale_is_a_document_without_a_row(order):
    pk, version = order.pk, order.version
    Order.objects.filter(pk=pk)._raw_delete("default")  # no receiver hears of it
    Entry.objects.all().delete()
    expected = answer(order, "stale", version=None, indices=[held(version, None)])
    assert get(pk) == (200, expected)


def test_a_row_that_changes_under_the_look_is_looked_at_again(order, monkeypatch):
    really, looked = row_status._held, []

    def change_first(index, pk):
        if not looked:
            change(order)
            Relay().drain()
        looked.append(pk)
        return really(index, pk)

    monkeypatch.setattr(row_status, "_held", change_first)
    status, found = get(order.pk)
    assert (status, found["status"], found["version"]) == (200, "indexed", order.version)
    assert len(looked) == 2


def test_a_row_that_the_document_leaves_out_is_absent_and_no_404(order, monkeypatch):
    monkeypatch.setattr(OrderDocument, "should_index_object", lambda self, row: False)
    version = change(order)
    Relay().drain()
    Entry.objects.all().delete()
    expected = answer(order, "absent", version=version, indices=[held(None, None)])
    assert get(order.pk) == (200, expected)


def test_unknown_while_the_engine_is_away(order, engine_away):
    engine_away()
    status, found = get(order.pk)
    [index] = found.pop("indices")
    error = index.pop("error")
    assert (status, found["status"], found["version"]) == (200, "unknown", order.version)
    assert index == {"name": live(), "state": "live", "version": None, "expected": order.version}
    assert error.startswith("Elasticsearch does not answer. Start it, or set ELASTICSEARCH_URL to its address. (")


def test_unknown_without_an_index(engine, transactional_db):
    [order] = make_orders(1)
    Entry.objects.all().delete()
    assert get(order.pk) == (200, answer(order, "unknown", version=order.version, indices=[]))


def test_every_index_that_is_written_is_shown(order, indices):
    before = live()
    rebuild(OrderDocument, options=Options(standby=True, workers=1))
    Relay().drain()
    version = order.version
    seen = [held(version, version, name=before, state=IndexState.STANDBY), held(version, version)]
    assert get(order.pk) == (200, answer(order, "indexed", version=version, indices=seen))
    indices.delete(index=before, id=str(order.pk))
    assert get(order.pk)[1]["status"] == "stale"


def test_dead(refusing):
    item = Item.objects.create(id=UUID(int=1), name="no date")
    Relay().drain()
    found = row_status.explain(Item, item.pk)
    assert (found["key"], found["status"]) == (f"shop.Item:{item.pk}", "dead")
    assert (found["entry"]["state"], found["entry"]["last_error"]) == ("dead", "document_parsing_exception: name")
    assert [(index["name"], index["version"]) for index in found["indices"]] == [(refusing, None)]


def test_only_get(order):
    assert Client().post(f"/orders/{order.pk}/search-status").status_code == 405
