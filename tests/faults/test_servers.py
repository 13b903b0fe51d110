"""Elasticsearch is killed and PostgreSQL restarted during the workload, on servers of the test."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
from django.core.management import call_command
from django.db import connection
from elasticsearch.dsl.connections import connections

from search.indices import lifecycle
from search.mapping.registry import documents
from tests.faults.own import own_elasticsearch
from tests.faults.scene import Scene, assert_no_request_waited, assert_nothing_lost, play, staged
from tests.faults.test_faults import FROZEN
from tools import cache, ports, postgresql
from tools.elasticsearch import Server

pytestmark = [
    pytest.mark.faults,
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def elasticsearch(transactional_db: None) -> Iterator[Server]:
    """Start a server for one test, with all indices."""
    with own_elasticsearch() as server:
        for document in documents():
            lifecycle.create(document)
        yield server


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "restart"])
def test_elasticsearch_ends_and_starts_again(elasticsearch: Server, tmp_path: Path, number: int) -> None:
    """It no longer knows earlier deletes afterwards: a late write of an older version would succeed."""

    @contextmanager
    def ended(scene: Scene) -> Iterator[None]:
        assert elasticsearch.stop(number)
        yield
        elasticsearch.start()
        scene.engine.options(request_timeout=60).cluster.health(wait_for_status="yellow", timeout="50s")

    with staged(connections.get_connection(), tmp_path) as scene:
        outcome = play(scene, ended, seed=1, pause=0.05)  # leaves it a processor to start on
        print(outcome)
        assert outcome.seen.failures == []
        assert_no_request_waited(outcome)
        assert_nothing_lost(outcome, scene)


def test_elasticsearch_frozen(elasticsearch: Server, tmp_path: Path) -> None:
    """It is stopped for 5 s during requests, and answers all of them when it continues."""

    @contextmanager
    def frozen(scene: Scene) -> Iterator[None]:
        pid = elasticsearch.pid()
        assert pid
        os.kill(pid, signal.SIGSTOP)
        yield
        os.kill(pid, signal.SIGCONT)

    with staged(connections.get_connection(), tmp_path) as scene:
        outcome = play(scene, frozen, seed=2, seconds=FROZEN)
        print(outcome)
        assert outcome.seen.failures == []
        assert_no_request_waited(outcome)
        assert_nothing_lost(outcome, scene)


@pytest.fixture
def own_postgresql(engine: object, transactional_db: None) -> Iterator[postgresql.Server]:
    """Start a server for one test, with all tables and indices, to which this process is connected."""
    port = ports.free()
    server = postgresql.server(port, home=cache.folder("faults", f"postgresql-{port}"))
    before = dict(connection.settings_dict)
    connection.close()
    try:
        server.start()
        server.create("faults")
        own = {"HOST": ports.HOST, "PORT": server.port, "USER": "postgres", "PASSWORD": "", "NAME": "faults"}
        connection.settings_dict.update(own)
        call_command("migrate", run_syncdb=True, verbosity=0)
        for document in documents():
            lifecycle.create(document)
        yield server
    finally:
        connection.close()
        connection.settings_dict.update(before)
        server.stop("immediate")
        shutil.rmtree(server.home)


@pytest.mark.postgres
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_postgresql_restarts(own_postgresql: postgresql.Server, tmp_path: Path, mode: str) -> None:
    """Requests fail only during the restart, and everything acknowledged is indexed afterwards."""
    back = []

    @contextmanager
    def restarted(scene: Scene) -> Iterator[None]:
        connection.close()
        assert own_postgresql.stop(mode)
        sleep(1)
        own_postgresql.start()
        back.append(monotonic())
        yield

    with staged(connections.get_connection(), tmp_path) as scene:
        outcome = play(scene, restarted, seed=3)
        print(outcome)
        failed = [taken for taken in outcome.seen.taken if taken.failed]
        assert failed, "it was not away"
        assert [taken for taken in failed if taken.started > back[0]] == [], outcome.seen.failures[-5:]
        assert_nothing_lost(outcome, scene)
