"""One refresh for all who ask at once, and never one that began before they asked."""

import threading
from types import SimpleNamespace

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.dsl.connections import connections

from order_search.documents import OrderDocument
from search.indices.lifecycle import create
from search.push import refresh as module
from search.push.refresh import SharedRefresh, refresh
from tests.support import in_threads, wait_until


class Engine:
    """Remembers refreshes, and is in one until it is let go on."""

    def __init__(self):
        self.begun, self.go_on, self.timeouts = 0, threading.Event(), []
        self.indices = SimpleNamespace(refresh=self.refresh)

    def options(self, request_timeout):
        self.timeouts.append(request_timeout)
        return self

    def refresh(self, index, **options):
        self.begun += 1
        assert self.go_on.wait(30)


@pytest.fixture
def engine_stub(monkeypatch):
    found = Engine()
    monkeypatch.setattr(module, "client", lambda: found)
    return found


class Turn:
    """A lock that tells how many have asked for it."""

    def __init__(self):
        self.lock, self.asked = threading.Lock(), threading.Semaphore(0)

    def acquire(self, timeout):
        self.asked.release()
        return self.lock.acquire(timeout=timeout)

    def release(self):
        self.lock.release()


def test_those_who_come_during_a_refresh_share_the_next(engine_stub):
    shared = SharedRefresh()
    shared._running = turn = Turn()

    def later():
        wait_until(lambda: engine_stub.begun == 1)
        return shared.refresh(30)

    def let_go():
        assert all(turn.asked.acquire(timeout=20) for _ in range(6))
        engine_stub.go_on.set()

    assert in_threads(lambda: shared.refresh(30), *[later] * 5, let_go)[:6] == [True] * 6
    assert engine_stub.begun == 2


def test_nobody_joins_a_refresh_that_has_begun(engine_stub):
    shared = SharedRefresh()

    def second():
        wait_until(lambda: engine_stub.begun == 1)
        engine_stub.go_on.set()
        return shared.refresh(30)

    assert in_threads(lambda: shared.refresh(30), second) == [True, True]
    assert engine_stub.begun == 2


def test_who_waits_for_another_ones_waits_no_longer_than_its_own_time(engine_stub):
    shared = SharedRefresh()

    def second():
        wait_until(lambda: engine_stub.begun == 1)
        answer = shared.refresh(0.1)
        engine_stub.go_on.set()
        return answer

    assert in_threads(lambda: shared.refresh(30), second) == [True, False]


def test_the_engine_gets_what_is_left_of_the_time(engine_stub):
    engine_stub.go_on.set()
    assert SharedRefresh().refresh(5)
    assert 4 < engine_stub.timeouts[0] <= 5


@pytest.mark.engine
@pytest.mark.conformance
def test_what_was_written_is_seen(indices):
    client, name = connections.get_connection(), OrderDocument._index._name
    client.index(index=name, id="1", document={"customer_name": "John"})
    assert refresh(30) is True
    assert client.count(index=name)["count"] == 1


@pytest.mark.engine
@pytest.mark.conformance
def test_a_document_without_an_index_keeps_no_other_from_being_seen(engine, transactional_db):
    create(OrderDocument)
    assert refresh(30) is True


def test_an_engine_that_is_away_is_no(monkeypatch):
    monkeypatch.setattr(module, "client", lambda: Elasticsearch("http://127.0.0.1:9", max_retries=0))
    assert refresh(5) is False
