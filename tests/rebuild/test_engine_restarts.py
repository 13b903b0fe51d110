"""Elasticsearch is killed during a rebuild and forgets the versions of deletes; the rebuild continues."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.compare import Difference
from tests.faults.own import own_elasticsearch
from tests.faults.service import Service
from tests.rebuild import stage
from tests.rebuild.marks import HEAVY
from tests.rebuild.stage import NEWER, SLOWLY, ended, said
from tools.elasticsearch import Server

pytestmark = [*HEAVY, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    """Run an Elasticsearch for this test alone, with the orders in step."""
    with own_elasticsearch() as found:
        stage.prepare()
        yield found


def test_elasticsearch_is_killed_in_the_middle(server: Server, tmp_path: Path) -> None:
    service = Service(server.url, tmp_path, DJANGO_SETTINGS_MODULE=NEWER)
    with stage.staged(service, tmp_path) as staged:
        rebuild = staged.command("--rebuild", *SLOWLY)
        rebuild.start()
        stage.wait_for_the_middle()
        new = stage.building_name()
        assert server.stop(signal.SIGKILL)
        staged.go_on(100)
        staged.work.pause = staged.searcher.pause = 0.5  # the server that starts needs a processor too
        server.start()
        staged.work.pause, staged.searcher.pause = 0, 0.02
        assert ended(rebuild) == 0, said(rebuild)
        staged.go_on()
        seen, found = staged.end()
    assert seen.failures == []
    assert [failure for failure in found.failures if not failure.startswith("search: 503 ")] == []
    assert found.wrong == []
    assert stage.live().name == new
    assert stage.newer_difference() == Difference()
