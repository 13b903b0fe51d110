"""Old and new code serve side by side before, during and after a rebuild; a relay of the new code is there."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from elasticsearch import Elasticsearch

from tests.faults.compare import Difference
from tests.faults.service import Service
from tests.rebuild import stage
from tests.rebuild.marks import HEAVY
from tests.rebuild.stage import SLOWLY, TODAY, Stage, assert_no_client_noticed, ended, said
from tests.support import wait_until

pytestmark = HEAVY
OLD_SHAPE = {"bool": {"must_not": [{"exists": {"field": "initial"}}]}}


class Shapes(threading.Thread):
    """Looks again and again for documents of the old shape in one index."""

    def __init__(self, engine: Elasticsearch, name: str) -> None:
        super().__init__(daemon=True)
        self.engine, self.name = engine, name
        self.looks, self.old = 0, 0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.1):
            self.engine.indices.refresh(index=self.name)
            self.old += self.engine.count(index=self.name, query=OLD_SHAPE)["count"]
            self.looks += 1

    def stop(self) -> tuple[int, int]:
        self._over.set()
        self.join()
        return self.looks, self.old


@pytest.fixture
def both(newer_service: Service, tmp_path: Path) -> Iterator[tuple[Stage, Stage]]:
    """Run the service of newer code with its relay, and one of today's code without."""
    url = settings.ELASTICSEARCH_DSL["default"]["hosts"][0]
    (tmp_path / "old").mkdir()
    older = Service(url, tmp_path / "old", relay=False, DJANGO_SETTINGS_MODULE=TODAY)
    with stage.staged(newer_service, tmp_path, clients=4) as new:
        with stage.staged(older, tmp_path / "old", clients=4, seed=6) as old:
            yield new, old


def test_nothing_is_lost_and_nothing_is_written_in_the_old_shape(
    both: tuple[Stage, Stage], indices: Elasticsearch
) -> None:
    new, old = both
    go_on(both)
    rebuild = new.command("--rebuild", *SLOWLY)
    rebuild.start()
    shapes = Shapes(indices, wait_until(stage.building_name, 30))
    shapes.start()
    go_on(both)
    assert ended(rebuild) == 0, said(rebuild)
    go_on(both)
    old_seen, old_found = old.work.stop(), old.searcher.stop()
    seen, found = new.end()
    looks, written = shapes.stop()
    assert_no_client_noticed(seen, found)
    assert (old_seen.failures, old_found.failures, old_found.wrong) == ([], [], [])
    assert old_seen.marks["indexed"] > 0, "the old code has never written to the old index"
    assert old_seen.marks["pending"] > 0, "the old code was never kept from the new index"
    assert looks > 10
    assert written == 0
    assert stage.live().name == shapes.name
    assert stage.newer_difference() == Difference()


def go_on(both: tuple[Stage, Stage]) -> None:
    """Both services have answered a hundred requests more."""
    for each in both:
        each.go_on(100)
