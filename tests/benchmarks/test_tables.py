"""Each way of the plain design to fill an index fills one of its own, so that what is wrong is its own too."""

from types import SimpleNamespace
from typing import Any

from benchmarks.benches import tables
from benchmarks.benches.tables import OURS, PARALLEL, POPULATE, RebuildLarge, RebuildSmall
from benchmarks.limit import LIMIT
from benchmarks.scale import QUICK


class Deployment:
    """Says what it is asked."""

    def __init__(self, servers, configuration, name):
        self.servers, self.configuration, self.name = servers, configuration, name
        self.environment = {"DATABASE_URL": f"postgres://{name}"}
        self.alias = f"{name}-orders"

    def difference(self):
        return self.name


def test_what_is_wrong_is_of_a_contender_s_own_index(monkeypatch):
    shared = Deployment(None, None, "table-9")
    monkeypatch.setattr(tables, "Deployment", Deployment)
    monkeypatch.setattr("benchmarks.table.orders", lambda servers, rows: shared)
    limit: Any = SimpleNamespace(prepare=lambda: limit, final_difference=lambda: "table-9-limit")
    monkeypatch.setattr(tables, "Limit", lambda deployment, refresh: limit)
    unused: Any = None
    bench: Any = RebuildSmall(unused, QUICK, unused)
    bench.prepare()
    assert {contender: bench.final_difference(contender) for contender in bench.contenders} == {
        OURS: "table-9",
        POPULATE: "table-9-populate",
        PARALLEL: "table-9-parallel",
        LIMIT: "table-9-limit",
    }
    assert {deployment.configuration.variables["DATABASE_URL"] for deployment in bench.plain.values()} == {
        "postgres://table-9"
    }


def test_both_sizes_have_the_same_contenders():
    assert RebuildLarge.contenders == RebuildSmall.contenders == [OURS, POPULATE, PARALLEL, LIMIT]
