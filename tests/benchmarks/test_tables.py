"""Each way of the plain design to fill an index fills one of its own, so that what is wrong is its own too."""

from types import SimpleNamespace

from benchmarks.benches import tables
from benchmarks.benches.tables import LIMIT, OURS, PARALLEL, POPULATE, RebuildLarge, RebuildSmall
from benchmarks.scale import QUICK


class Site:
    """Says what it is asked."""

    def __init__(self, ground, kind, name):
        self.ground, self.kind, self.name = ground, kind, name
        self.environment = {"DATABASE_URL": f"postgres://{name}"}
        self.alias = f"{name}-orders"

    def difference(self):
        return self.name


def test_what_is_wrong_is_of_a_contender_s_own_index(monkeypatch):
    shared = Site(None, None, "table-9")
    monkeypatch.setattr(tables, "Site", Site)
    monkeypatch.setattr(tables.table, "orders", lambda ground, rows: shared)
    limit = SimpleNamespace(prepare=lambda: limit, wrong=lambda: "table-9-limit")
    monkeypatch.setattr(tables, "Limit", lambda site, refresh: limit)
    bench = RebuildSmall(None, QUICK, None)
    bench.prepare()
    assert {contender: bench.wrong(contender) for contender in bench.contenders} == {
        OURS: "table-9",
        POPULATE: "table-9-populate",
        PARALLEL: "table-9-parallel",
        LIMIT: "table-9-limit",
    }
    assert {site.kind.variables["DATABASE_URL"] for site in bench.plain.values()} == {"postgres://table-9"}


def test_both_sizes_have_the_same_contenders():
    assert RebuildLarge.contenders == RebuildSmall.contenders == [OURS, POPULATE, PARALLEL, LIMIT]
