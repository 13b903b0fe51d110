"""A turn of the growth benchmark restores the table, which other benchmarks use after it."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from benchmarks.benches import growth
from benchmarks.scale import QUICK


class Table:
    """A deployment's: orders 1 to 1000, and one that comes while the push is at work."""

    url = "http://127.0.0.1:1"

    def __init__(self):
        self.ids = set(range(1, 1001))
        self.is_pending = False

    def run_workload(self, name, *arguments):
        if name == "push":
            self.ids.add(1003)
        return {"seconds": 1.0}

    def execute(self, statement):
        assert statement == "DELETE FROM orders_order WHERE id > 1000"
        self.ids, self.is_pending = {pk for pk in self.ids if pk <= 1000}, True

    def manage(self, *arguments):
        assert arguments == ("search_relay", "--drain")
        self.is_pending = False


def test_an_order_that_is_created_after_wrk_has_ended_is_deleted_too(monkeypatch):
    table = Table()
    unused: Any = None
    bench: Any = growth.Growth(unused, replace(QUICK, seconds=1), unused)
    bench.deployments = {"1000": table}
    bench.searches = {"1000": SimpleNamespace(token="any", search_service=lambda seconds, page: {"p50_ms": 2.0})}

    def load(*arguments, **variables):
        table.ids |= {1001, 1002}
        return {"failed": 0, "p50_ms": 3.0}

    monkeypatch.setattr("benchmarks.wrk.load", load)
    assert bench.turn("1000", 0) == {
        "create_p50_ms": 3.0,
        "push_per_order_us": 2000.0,
        "search_p50_ms": 2.0,
        "rebuild_per_order_us": 1000.0,
    }
    assert (table.ids, table.is_pending) == (set(range(1, 1001)), False)
