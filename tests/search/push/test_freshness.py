"""A fresh search: it pushes pending changes once, refreshes, and reports if it could not."""

import threading
from time import monotonic

import pytest
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from orders.models import Order
from search.models import Entry
from search.push import bulk, freshness
from search.push.freshness import Freshness, ensure_fresh
from search.push.sender import PushTicket, sender
from tests.support import in_threads

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


def orders(count):
    Order.objects.bulk_create(
        [Order(order_number=f"o{number}", customer_name="John", total_amount=1) for number in range(count)]
    )


def found(client):
    return client.get("/orders/search?q=John&fresh=true")


def test_it_sees_what_no_receiver_pushed(indices, client):
    orders(3)
    answer = found(client)
    assert (answer.json()["count"], answer["X-Search-Fresh"]) == (3, "yes")


def test_without_asking_there_is_no_header(indices, client):
    assert "X-Search-Fresh" not in client.get("/orders/search?q=John")


def test_more_than_500_are_left_to_the_relay(indices):
    orders(4)
    assert ensure_fresh(max_keys=3) == Freshness(False, 4)
    assert str(ensure_fresh(max_keys=3)) == "no; pending=4"
    assert Entry.objects.count() == 4
    assert ensure_fresh(max_keys=4) == Freshness(True, 0)


def test_the_limit_is_500():
    assert freshness.MAX_KEYS == 500


def test_an_open_breaker_is_not_tried(indices, client, monkeypatch, settings):
    settings.SEARCH_BREAKER_RESET_TIMEOUT = 600.0
    orders(2)
    sender("default").monitor.breaker.failed(timed_out=True)
    monkeypatch.setattr(freshness, "refresh", lambda timeout: pytest.fail("the engine was asked"))
    answer = found(client)
    assert (answer.status_code, answer["X-Search-Fresh"]) == (200, "no; pending=2")
    Entry.objects.all().delete()
    assert ensure_fresh() == Freshness(False, 0)


def test_an_engine_that_is_away(indices, monkeypatch):
    monkeypatch.setattr("search.client.connection.client", lambda: Elasticsearch("http://127.0.0.1:9", max_retries=0))
    orders(2)
    assert ensure_fresh() == Freshness(False, 2)
    assert list(Entry.objects.values_list("attempts", flat=True)) == [0, 0]


def test_what_is_refused_makes_no_search_fresh(indices, monkeypatch):
    monkeypatch.setattr(OrderDocument, "prepare_total_amount", lambda self, order: "none", raising=False)
    orders(1)
    assert not ensure_fresh().fresh


def test_it_never_lasts_longer_than_the_deadline(indices, settings, monkeypatch):
    settings.SEARCH_PUSH_TIMEOUT = 0.5
    go_on = threading.Event()
    monkeypatch.setattr(bulk, "post_bulk", lambda *args: go_on.wait(30) and [])
    orders(1)
    began = monotonic()
    assert ensure_fresh() == Freshness(False, 1)
    assert monotonic() - began < 5
    go_on.set()


def test_concurrent_searches_share_bulks(indices, settings, monkeypatch):
    settings.SEARCH_PUSH_TIMEOUT = 30.0
    orders(20)
    sent, really, asking = [], bulk._post, threading.Semaphore(0)
    wait = PushTicket.wait
    monkeypatch.setattr(PushTicket, "wait", lambda self, timeout: asking.release() or wait(self, timeout))

    def send(chunk, timeout):
        sent.append(len(chunk))
        if len(sent) == 1:  # when all six ask, whichever bulk takes them
            assert all(asking.acquire(timeout=20) for _ in range(6))
        return really(chunk, timeout)

    monkeypatch.setattr(bulk, "_post", send)
    start = threading.Barrier(6)

    def search():
        start.wait()
        return ensure_fresh()

    assert in_threads(*[search] * 6) == [Freshness(True, 0)] * 6
    assert sent == [20]
