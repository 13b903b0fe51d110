"""Searching a large table: what the service adds to what the engine needs."""

from functools import cached_property

from benchmarks import table
from benchmarks.bench import Bench, Figures, Of, Target
from benchmarks.searches import A_PAGE, GOES_ON, Searches
from tools.demo.compare import Difference


class Search(Bench):
    """GET /orders/search by one client, one after the other: 24 searches over and over, each with a text, two filters,
    all facets and highlights, 20 orders a page. Without page the engine also keeps the result to go on with. Beside it
    the same queries as the service sends them to the engine for page=1, byte by byte, sent there by the same client.
    """

    name = "search"
    title = "Search, 1 connection"
    raw, ours, page = "the query itself", "this project", "this project, page=1"
    contenders = [raw, ours, page]
    targets = [
        Target("p50 less 5 ms at most 1.3 times that of the query", Of(ours, "p50_ms"), Of(raw, "p50_ms"), 1.3, less=5),
        Target(
            "page=1: p50 less 5 ms at most 1.3 times that of the query",
            Of(page, "p50_ms"), Of(raw, "p50_ms"), 1.3, less=5,
        ),
    ]  # fmt: skip

    def prepare(self) -> None:
        self.site = table.orders(self.ground, self.rows()).serve(self.supervisor)
        self.searches = Searches(self.site)

    def turn(self, contender: str, number: int) -> Figures:
        if contender == self.raw:
            return self.searches.send(self.scale.seconds)
        return self.searches.ask(self.scale.seconds, A_PAGE if contender == self.page else GOES_ON)

    def wrong(self, contender: str) -> Difference | None:
        return self.difference

    @cached_property
    def difference(self) -> Difference:
        """All search one index, which nobody changes: a million orders need not be compared three times."""
        return self.site.difference()

    def rows(self) -> int:
        return self.scale.rows
