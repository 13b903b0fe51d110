"""row_status() and GET /orders/<id>/search-status: every status, with its reasons."""

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
    """Create an order that the index has."""
    [row] = make_orders(1)
    Relay().drain()
    return row


def live(document=OrderDocument):
    index = records.live_index(aliases.alias_of(document))
    assert index
    return index.name


def get(pk):
    response = Client().get(f"/orders/{pk}/search-status")
    return response.status_code, response.json()


def copy(version, expected, **values):
    """Return one index of an answer."""
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
    """Return the entry as the answer shows it."""
    entry = Entry.objects.get(key=f"orders.Order:{order.pk}")

    def iso(moment):
        return moment.isoformat().replace("+00:00", "Z")

    return {
        "version": entry.version,
        "deleted": entry.deleted,
        "state": entry.state,
        "first_changed_at": iso(entry.first_changed_at),
        "retry_at": iso(entry.retry_at),
        "attempts": entry.attempts,
        "last_error": entry.last_error,
    }


def change(order):
    """Change the row without a signal; return its new version."""
    Order.objects.filter(pk=order.pk).update(total_amount=7)
    order.refresh_from_db()
    return order.version


def test_indexed(order):
    version = order.version
    expected = answer(order, "indexed", version=version, indices=[copy(version, version)])
    assert get(order.pk) == (200, expected)


def test_pending(order):
    old, new = order.version, change(order)
    expected = answer(order, "pending", version=new, entry=entry_of(order), indices=[copy(old, new)])
    assert get(order.pk) == (200, expected)


@pytest.mark.real  # the embedded engine creates a missing index on a write
def test_pending_shows_the_last_error(indices):
    [order] = make_orders(1)
    indices.indices.delete(index=live())
    Relay().drain()
    status = get(order.pk)[1]
    assert (status["status"], status["entry"]["attempts"]) == ("pending", 1)
    assert status["entry"]["last_error"] == "index_not_found_exception"


def test_a_settling_delete(order):
    pk = order.pk
    Order.objects.filter(pk=pk).delete()
    Relay().drain()
    expected = answer(order, "settling", version=None, entry=entry_of(order), indices=[copy(None, None)])
    assert get(pk) == (200, expected)


def test_absent_is_404(order):
    missing = 9_223_372_036_854_775_807
    for pk in (0, missing):
        expected = answer(Order(pk=pk), "absent", version=None, indices=[copy(None, None)])
        assert get(pk) == (404, expected)


def test_a_number_larger_than_any_key_is_404(order):
    status_code, status = get(10**30)
    assert (status_code, status["status"]) == (404, "absent")


def test_stale_is_an_older_document_without_an_entry(order):
    old, new = order.version, change(order)
    Entry.objects.all().delete()
    expected = answer(order, "stale", version=new, indices=[copy(old, new)])
    assert get(order.pk) == (200, expected)


def test_stale_is_a_missing_document(order, indices):
    indices.delete(index=live(), id=str(order.pk))
    expected = answer(order, "stale", version=order.version, indices=[copy(None, order.version)])
    assert get(order.pk) == (200, expected)


def test_stale_is_a_document_without_a_row(order):
    pk, version = order.pk, order.version
    Order.objects.filter(pk=pk)._raw_delete("default")  # without a signal
    Entry.objects.all().delete()
    expected = answer(order, "stale", version=None, indices=[copy(version, None)])
    assert get(pk) == (200, expected)


def test_a_row_that_changes_during_the_read_is_read_again(order, monkeypatch):
    original = row_status._copy
    reads: list[int] = []

    def change_first(index, pk):
        if not reads:
            change(order)
            Relay().drain()
        reads.append(pk)
        return original(index, pk)

    monkeypatch.setattr(row_status, "_copy", change_first)
    status_code, status = get(order.pk)
    assert (status_code, status["status"], status["version"]) == (200, "indexed", order.version)
    assert len(reads) == 2


def test_a_row_that_the_document_leaves_out_is_absent_but_not_404(order, monkeypatch):
    monkeypatch.setattr(OrderDocument, "should_index_object", lambda self, row: False)
    version = change(order)
    Relay().drain()
    Entry.objects.all().delete()
    expected = answer(order, "absent", version=version, indices=[copy(None, None)])
    assert get(order.pk) == (200, expected)


def test_unknown_while_the_engine_is_unavailable(order, engine_away):
    engine_away()
    status_code, status = get(order.pk)
    [index] = status.pop("indices")
    error = index.pop("error")
    assert (status_code, status["status"], status["version"]) == (200, "unknown", order.version)
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
    seen = [copy(version, version, name=before, state=IndexState.STANDBY), copy(version, version)]
    assert get(order.pk) == (200, answer(order, "indexed", version=version, indices=seen))
    indices.delete(index=before, id=str(order.pk))
    assert get(order.pk)[1]["status"] == "stale"


def test_dead(refusing):
    item = Item.objects.create(id=UUID(int=1), name="no date")
    Relay().drain()
    status = row_status.row_status(Item, item.pk)
    assert (status["key"], status["status"]) == (f"shop.Item:{item.pk}", "dead")
    assert (status["entry"]["state"], status["entry"]["last_error"]) == ("dead", "document_parsing_exception: name")
    assert [(index["name"], index["version"]) for index in status["indices"]] == [(refusing, None)]


def test_only_get(order):
    assert Client().post(f"/orders/{order.pk}/search-status").status_code == 405
