"""A whole table: building its index anew, and looking whether the two are in step."""

from dataclasses import replace

from benchmarks import table
from benchmarks.bench import Bench, Figure, Figures, Target
from benchmarks.deployment import PLAIN, Deployment, cpu_per_row
from benchmarks.limit import LIMIT, Limit
from tools.comparison import Difference
from tools.errors import ToolError

OURS = "this project"
POPULATE = "plain --populate"
PARALLEL = "plain --populate --parallel"
NAMES = {POPULATE: "populate", PARALLEL: "parallel"}  # of their indices: each fills one of its own
TO_BEAT = [
    Target(
        "at least 2.5 times as many orders a second as plain --populate",
        Figure(OURS, "per_second"), Figure(POPULATE, "per_second"), 2.5, at_least=True,
    ),
    Target(
        "at least 0.7 times as many orders a second as the limit",
        Figure(OURS, "per_second"), Figure(LIMIT, "per_second"), 0.7, at_least=True,
    ),
    Target("peak memory at most 200 MB, of the largest process", Figure(OURS, "peak_mb"), None, 200.0),
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
        self.deployment = table.orders(self.servers, self.rows())
        # The same rows: nobody writes here, so they can read the other's database.
        same = PLAIN.variables | {"DATABASE_URL": self.deployment.environment["DATABASE_URL"]}
        plain = replace(PLAIN, variables=same)
        self.plain = {
            each: Deployment(self.servers, plain, f"{self.deployment.name}-{name}") for each, name in NAMES.items()
        }
        self.limit = Limit(self.deployment, refresh="-1").prepare()

    def turn(self, contender: str, number: int) -> Figures:
        if contender == LIMIT:
            self.limit.renew()
            return self.limit.turn()
        before = self.deployment.cpu()
        if contender == OURS:
            done = self.deployment.manage("search_index", "--rebuild", "--verbosity", "0")
        else:
            plain = self.plain[contender]
            self.servers.engine.indices.delete(index=plain.alias, ignore_unavailable=True)
            plain.manage("search_index", "--create")
            done = plain.manage("search_index", *contender.split()[1:])
        return {
            "seconds": done.seconds,
            "per_second": self.rows() / done.seconds,
            "peak_mb": done.peak_mb,
            "all_processes_mb": done.total_mb,
            **cpu_per_row(before, self.deployment.cpu(), self.rows(), done.cpu_seconds),
        }

    def final_difference(self, contender: str) -> Difference | None:
        if contender == LIMIT:
            return self.limit.final_difference()
        return self.plain.get(contender, self.deployment).difference()

    def close(self) -> None:
        """The table stays for others."""
        self.limit.drop()
        for plain in self.plain.values():
            self.servers.engine.indices.delete(index=plain.alias, ignore_unavailable=True)

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
            Figure(OURS, "per_second"), Figure(all, "per_second"), 50.0, at_least=True,
        ),
        Target("peak memory at most 150 MB", Figure(OURS, "peak_mb"), None, 150.0),
    ]  # fmt: skip

    def prepare(self) -> None:
        self.deployment = table.orders(self.servers, self.rows())

    def turn(self, contender: str, number: int) -> Figures:
        if contender == OURS:
            self.servers.engine.indices.clear_cache(index=self.deployment.alias)  # sums of the round before
            done = self.deployment.manage("search_drift")
            return {"seconds": done.seconds, "per_second": self.rows() / done.seconds, "peak_mb": done.peak_mb}
        found = self.deployment.run_workload("compare", self.page)
        if (found["compared"], found["differ"]) != (self.rows(), 0):
            raise ToolError(f"The table is not in step: {found}")
        seconds: float = found["seconds"]
        return {"seconds": seconds, "per_second": self.rows() / seconds, "peak_mb": found["peak_mb"]}

    def final_difference(self, contender: str) -> Difference | None:
        return self.deployment.difference() if contender == OURS else None

    def rows(self) -> int:
        return self.scale.rows
