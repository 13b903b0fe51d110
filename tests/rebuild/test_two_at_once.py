"""Of two rebuilds that begin at once one wins, and the other names it."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connections, transaction
from elasticsearch import Elasticsearch

from order_search.documents import OrderDocument
from search.exceptions import RebuildRunning
from search.indices import lifecycle, records
from search.models import Index, IndexState
from search.rebuild import rebuild as rebuilding
from search.rebuild.rebuild import Options
from tests.faults.compare import Difference
from tests.faults.service import Program, Service
from tests.rebuild import stage
from tests.rebuild.marks import HEAVY
from tests.rebuild.stage import ended, said
from tests.search.interleavings.rebuilding import hook
from tests.support import wait_until

LOST = re.compile(
    r"^CommandError: A rebuild is running\. Wait for it to end; if its process has died, resume it after "
    r"15 seconds\. \(\S+, by \S+@\S+ process (\d+) since [0-9-]+ [0-9:.]+\)$",
    re.MULTILINE,
)


class TestProcesses:
    pytestmark = HEAVY

    def test_one_wins_and_the_other_names_it(self, newer_service: Service, tmp_path: Path) -> None:
        both = [stage.command(newer_service, tmp_path / f"{number}.log", "--rebuild") for number in (1, 2)]
        with transaction.atomic():  # the winner cannot read the table, and so not end, before the other has lost
            with connections["default"].cursor() as cursor:
                cursor.execute("LOCK TABLE orders_order IN ACCESS EXCLUSIVE MODE")
            for program in both:
                program.start()
            loser = wait_until(lambda: next(filter(has_ended, both), None), 60)
        (winner,) = (program for program in both if program is not loser)
        assert ended(winner) == 0, said(winner)
        assert ended(loser) == 1
        assert LOST.findall(said(loser)) == [str(winner.pid)]
        assert "Traceback" not in said(loser)
        assert stage.newer_difference() == Difference()
        assert list(Index.objects.filter(alias=stage.ALIAS).values_list("state", flat=True)) == ["live"]


def has_ended(program: Program) -> bool:
    assert program.process is not None
    return program.process.poll() is not None


@pytest.mark.engine
@pytest.mark.conformance
def test_the_one_that_was_quicker_by_a_hair(indices: Elasticsearch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one records its index after this one has checked and before it records its own."""
    really = lifecycle.create_physical_index
    first: list[str] = []

    def overtaken(document: type[OrderDocument], **settings: object) -> str:
        name = really(document, **settings)
        if not first:
            first.append(really(document))
            records.record_building(document, first[0], "default", owner="somebody@elsewhere process 1 since ever")
        return name

    monkeypatch.setattr(lifecycle, "create_physical_index", overtaken)
    with pytest.raises(RebuildRunning) as caught:
        rebuilding.rebuild(OrderDocument)
    assert caught.value.detail == f"{stage.ALIAS}, by somebody@elsewhere process 1 since ever"
    assert Index.objects.get(state=IndexState.BUILDING).name == first[0]
    dated = set(indices.indices.get(index=f"{stage.ALIAS}-*", filter_path="*.aliases"))
    assert dated == {first[0], stage.live().name}


@pytest.mark.engine
@pytest.mark.conformance
@pytest.mark.parametrize("step", ["split_into_ranges", "fill_ranges", "Comparison"])
def test_who_takes_long_over_a_step_is_known_to_be_alive(
    indices: Elasticsearch, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A large table takes long to split, fill and compare; a second rebuild must not take over during that."""

    def beat() -> datetime | None:
        return Index.objects.get(state=IndexState.BUILDING).heartbeat_at

    def wait_for_a_beat() -> None:
        before = beat()
        wait_until(lambda: beat() != before)

    hook(monkeypatch, rebuilding, step, before=wait_for_a_beat)
    rebuilding.rebuild(OrderDocument, options=Options(heartbeat_interval=0.01))
    assert stage.live().owner == ""
