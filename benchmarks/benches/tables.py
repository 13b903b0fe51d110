"""A whole table: building its index anew, and looking whether the two are in step."""

from dataclasses import replace

from benchmarks import table
from benchmarks.bench import Bench, Figures, Of, Target
from benchmarks.deployment import PLAIN, Site, per_row
from benchmarks.limit import LIMIT, Limit
from tools.demo.compare import Difference
from tools.errors import ToolError

OURS = "this project"
POPULATE = "plain --populate"
PARALLEL = "plain --populate --parallel"
NAMES = {POPULATE: "populate", PARALLEL: "parallel"}  # of their indices: each fills one of its own
TO_BEAT = [
    Target(
        "at least 2.5 times as many orders a second as plain --populate",
        Of(OURS, "per_second"), Of(POPULATE, "per_second"), 2.5, at_least=True,
    ),
    Target(
        "at least 0.7 times as many orders a second as the limit",
        Of(OURS, "per_second"), Of(LIMIT, "per_second"), 0.7, at_least=True,
    ),
    Target("peak memory at most 200 MB, of the largest process", Of(OURS, "peak_mb"), None, 200.0),
]  # fmt: skip


class RebuildSmall(Bench):
    """manage.py search_index --rebuild from its start to its end, with the comparison of index and table and the swap
    that belong to it. The plain design's own --populate fills an empty index, of the same table, and neither compares
    nor swaps. The limit: the same documents as ready bulk bodies, streamed from a file to an empty index that does not
    refresh before its end.
    """

    name = "rebuild_small"
    title = "Rebuild, the smaller table"
    contenders = [OURS, POPULATE, PARALLEL, LIMIT]
    targets = TO_BEAT

    def prepare(self) -> None:
        self.site = table.orders(self.ground, self.rows())
        # The same rows: nobody writes here, so they can read the other's database.
        same = PLAIN.variables | {"DATABASE_URL": self.site.environment["DATABASE_URL"]}
        plain = replace(PLAIN, variables=same)
        self.plain = {each: Site(self.ground, plain, f"{self.site.name}-{name}") for each, name in NAMES.items()}
        self.limit = Limit(self.site, refresh="-1").prepare()

    def turn(self, contender: str, number: int) -> Figures:
        if contender == LIMIT:
            self.limit.renew()
            return self.limit.turn()
        before = self.site.cpu()
        if contender == OURS:
            done = self.site.manage("search_index", "--rebuild", "--verbosity", "0")
        else:
            plain = self.plain[contender]
            self.ground.engine.indices.delete(index=plain.alias, ignore_unavailable=True)
            plain.manage("search_index", "--create")
            done = plain.manage("search_index", *contender.split()[1:])
        return {
            "seconds": done.seconds,
            "per_second": self.rows() / done.seconds,
            "peak_mb": done.peak_mb,
            "all_processes_mb": done.total_mb,
            **per_row(before, self.site.cpu(), self.rows(), done.cpu_seconds),
        }

    def wrong(self, contender: str) -> Difference | None:
        if contender == LIMIT:
            return self.limit.wrong()
        return self.plain.get(contender, self.site).difference()

    def close(self) -> None:
        """The table stays for others."""
        self.limit.drop()
        for plain in self.plain.values():
            self.ground.engine.indices.delete(index=plain.alias, ignore_unavailable=True)

    def rows(self) -> int:
        return self.scale.fewer


class RebuildLarge(RebuildSmall):
    """As the smaller table's, which says what is done."""

    name = "rebuild_large"
    title = "Rebuild, the larger table"
    warm = False

    def rows(self) -> int:
        return self.scale.rows


class Drift(Bench):
    """manage.py search_drift over a table in step, from its start to its end: sums of both sides are compared, range
    by range. Beside it every document is made anew from its row and compared with the one in the index, page by page,
    in a process that has started already.
    """

    name = "drift"
    title = "Drift, all in step"
    all = "comparing all contents"
    contenders = [OURS, all]
    warm = False
    page = "2000"  # documents
    targets = [
        Target(
            "at least 50 times as many orders a second as comparing all contents",
            Of(OURS, "per_second"), Of(all, "per_second"), 50.0, at_least=True,
        ),
        Target("peak memory at most 150 MB", Of(OURS, "peak_mb"), None, 150.0),
    ]  # fmt: skip

    def prepare(self) -> None:
        self.site = table.orders(self.ground, self.rows())

    def turn(self, contender: str, number: int) -> Figures:
        if contender == OURS:
            self.ground.engine.indices.clear_cache(index=self.site.alias)  # sums of the round before
            done = self.site.manage("search_drift")
            return {"seconds": done.seconds, "per_second": self.rows() / done.seconds, "peak_mb": done.peak_mb}
        found = self.site.work("compare", self.page)
        if (found["compared"], found["differ"]) != (self.rows(), 0):
            raise ToolError(f"The table is not in step: {found}")
        seconds: float = found["seconds"]
        return {"seconds": seconds, "per_second": self.rows() / seconds, "peak_mb": found["peak_mb"]}

    def wrong(self, contender: str) -> Difference | None:
        return self.site.difference() if contender == OURS else None

    def rows(self) -> int:
        return self.scale.rows
