"""A whole table: rebuilding its index, and comparing the two."""

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
INDEX_NAMES = {POPULATE: "populate", PARALLEL: "parallel"}  # each contender fills an index of its own
REBUILD_TARGETS = [
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
    """manage.py search_index --rebuild from its start to its end, including the comparison of index and table and the
    swap. The plain design's own --populate fills an empty index from the same table, and neither compares nor swaps.
    The limit: the same documents as ready bulk bodies, streamed from a file to an empty index that is refreshed only at
    the end.
    """

    name = "rebuild_small"
    title = "Rebuild, the smaller table"
    contenders = [OURS, POPULATE, PARALLEL, LIMIT]
    targets = REBUILD_TARGETS

    def prepare(self) -> None:
        self.deployment = table.orders(self.servers, self.rows())
        # The same rows: nothing writes to this table, so they can share the database.
        variables = PLAIN.variables | {"DATABASE_URL": self.deployment.environment["DATABASE_URL"]}
        plain = replace(PLAIN, variables=variables)
        self.plain = {
            contender: Deployment(self.servers, plain, f"{self.deployment.name}-{name}")
            for contender, name in INDEX_NAMES.items()
        }
        self.limit = Limit(self.deployment, refresh="-1").prepare()

    def turn(self, contender: str, number: int) -> Figures:
        if contender == LIMIT:
            self.limit.renew()
            return self.limit.turn()
        before = self.deployment.cpu()
        if contender == OURS:
            program = self.deployment.manage("search_index", "--rebuild", "--verbosity", "0")
        else:
            plain = self.plain[contender]
            self.servers.engine.indices.delete(index=plain.alias, ignore_unavailable=True)
            plain.manage("search_index", "--create")
            program = plain.manage("search_index", *contender.split()[1:])
        return {
            "seconds": program.seconds,
            "per_second": self.rows() / program.seconds,
            "peak_mb": program.peak_mb,
            "all_processes_mb": program.total_mb,
            **cpu_per_row(before, self.deployment.cpu(), self.rows(), program.cpu_seconds),
        }

    def final_difference(self, contender: str) -> Difference | None:
        if contender == LIMIT:
            return self.limit.final_difference()
        return self.plain.get(contender, self.deployment).difference()

    def close(self) -> None:
        """Keep the table, which other benchmarks use."""
        self.limit.drop()
        for plain in self.plain.values():
            self.servers.engine.indices.delete(index=plain.alias, ignore_unavailable=True)

    def rows(self) -> int:
        return self.scale.fewer


class RebuildLarge(RebuildSmall):
    """As for the smaller table, which describes it."""

    name = "rebuild_large"
    title = "Rebuild, the larger table"
    warm = False

    def rows(self) -> int:
        return self.scale.rows


class Drift(Bench):
    """manage.py search_drift over a table in step, from its start to its end: checksums of both sides are compared,
    range by range. For comparison, every document is created from its row and compared with the indexed one, page by
    page, in a process that has already started.
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
            self.servers.engine.indices.clear_cache(
                index=self.deployment.alias
            )  # which has the checksums of the round before
            program = self.deployment.manage("search_drift")
            return {"seconds": program.seconds, "per_second": self.rows() / program.seconds, "peak_mb": program.peak_mb}
        result = self.deployment.run_workload("compare", self.page)
        if (result["compared"], result["differ"]) != (self.rows(), 0):
            raise ToolError(f"The table is not in step: {result}")
        seconds: float = result["seconds"]
        return {"seconds": seconds, "per_second": self.rows() / seconds, "peak_mb": result["peak_mb"]}

    def final_difference(self, contender: str) -> Difference | None:
        return self.deployment.difference() if contender == OURS else None

    def rows(self) -> int:
        return self.scale.rows
