"""Searching a large table: the time that the service adds to the engine's."""

from functools import cached_property

from benchmarks import table
from benchmarks.bench import Bench, Figure, Figures, Target
from benchmarks.searches import FIRST_PAGE, WITH_CURSOR, Searches
from tools.comparison import Difference


class Search(Bench):
    """GET /orders/search by one client, one after the other: 24 searches over and over, each with a text, two filters,
    all facets and highlights, 20 orders a page. Without page the engine also keeps the result for the next pages. For
    comparison, the queries that the service sends to the engine for page=1, byte by byte, sent by the same client.
    """

    name = "search"
    title = "Search, 1 connection"
    raw, ours, page = "the query itself", "this project", "this project, page=1"
    contenders = [raw, ours, page]
    targets = [
        Target(
            "p50 less 5 ms at most 1.3 times that of the query",
            Figure(ours, "p50_ms"), Figure(raw, "p50_ms"), 1.3, allowance=5,
        ),
        Target(
            "page=1: p50 less 5 ms at most 1.3 times that of the query",
            Figure(page, "p50_ms"), Figure(raw, "p50_ms"), 1.3, allowance=5,
        ),
    ]  # fmt: skip

    def prepare(self) -> None:
        self.deployment = table.orders(self.servers, self.rows()).serve(self.supervisor)
        self.searches = Searches(self.deployment)

    def turn(self, contender: str, number: int) -> Figures:
        if contender == self.raw:
            return self.searches.search_engine(self.scale.seconds)
        return self.searches.search_service(self.scale.seconds, FIRST_PAGE if contender == self.page else WITH_CURSOR)

    def final_difference(self, contender: str) -> Difference | None:
        return self.difference

    @cached_property
    def difference(self) -> Difference:
        """Compare once: all contenders search the same index, which nothing changes."""
        return self.deployment.difference()

    def rows(self) -> int:
        return self.scale.rows
