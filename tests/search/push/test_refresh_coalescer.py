"""Concurrent callers share one refresh, but never one that began before they called."""

import threading

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.dsl.connections import connections

from order_search.documents import OrderDocument
from search.indices.lifecycle import create
from search.push import freshness
from search.push.freshness import RefreshCoalescer, refresh
from tests.support import in_threads, wait_until


class Refresh:
    """Stands for the request: counts the calls, and blocks each until the test opens it."""

    def __init__(self):
        self.begun, self.opened, self.timeouts = 0, threading.Event(), []

    def __call__(self, timeout):
        self.timeouts.append(timeout)
        self.begun += 1
        assert self.opened.wait(30)
        return True


@pytest.fixture
def request_stub():
    return Refresh()


class CountedLock:
    """A lock that counts its callers."""

    def __init__(self):
        self.lock, self.callers = threading.Lock(), threading.Semaphore(0)

    def acquire(self, timeout):
        self.callers.release()
        return self.lock.acquire(timeout=timeout)

    def release(self):
        self.lock.release()


def test_callers_during_a_refresh_share_the_next(request_stub, monkeypatch):
    shared = RefreshCoalescer(request_stub)
    lock = CountedLock()
    monkeypatch.setattr(shared, "_running", lock)

    def later():
        wait_until(lambda: request_stub.begun == 1)
        return shared.refresh(30)

    def open_():
        assert all(lock.callers.acquire(timeout=20) for _ in range(6))
        request_stub.opened.set()

    assert in_threads(lambda: shared.refresh(30), *[later] * 5, open_)[:6] == [True] * 6
    assert request_stub.begun == 2


def test_a_refresh_under_way_is_not_joined(request_stub):
    shared = RefreshCoalescer(request_stub)

    def second():
        wait_until(lambda: request_stub.begun == 1)
        request_stub.opened.set()
        return shared.refresh(30)

    assert in_threads(lambda: shared.refresh(30), second) == [True, True]
    assert request_stub.begun == 2


def test_a_caller_that_waits_for_another_refresh_keeps_its_own_timeout(request_stub):
    shared = RefreshCoalescer(request_stub)

    def second():
        wait_until(lambda: request_stub.begun == 1)
        result = shared.refresh(0.1)
        request_stub.opened.set()
        return result

    assert in_threads(lambda: shared.refresh(30), second) == [True, False]


def test_the_request_gets_the_remaining_time(request_stub):
    request_stub.opened.set()
    times = iter([100.0, 101.0])
    assert RefreshCoalescer(request_stub, clock=lambda: next(times)).refresh(5)
    assert request_stub.timeouts == [4.0]


@pytest.mark.engine
@pytest.mark.conformance
def test_a_written_document_is_found(indices):
    client, name = connections.get_connection(), OrderDocument._index._name
    client.index(index=name, id="1", document={"customer_name": "John"})
    assert refresh(30) is True
    assert client.count(index=name)["count"] == 1


@pytest.mark.engine
@pytest.mark.conformance
def test_a_document_without_an_index_does_not_fail_the_others(engine, transactional_db):
    create(OrderDocument)
    assert refresh(30) is True


def test_an_unreachable_engine_is_false(monkeypatch):
    monkeypatch.setattr(freshness, "client", lambda: Elasticsearch("http://127.0.0.1:9", max_retries=0))
    assert refresh(5) is False
