"""Requests that write while the engine accepts all and answers nothing."""

import threading
from urllib.parse import urlsplit

from benchmarks.bench import Figures, Of, Target
from benchmarks.benches.requests import Requests
from benchmarks.blackhole_proxy import Hole
from benchmarks.deployment import BARE, PLAIN, SYNC, Kind, Site

BEFORE = 1.0  # seconds of load on a healthy engine
FIRST = 2.0  # seconds of load into the hole, of which only the slowest request counts
LONGEST = 13.0  # seconds of load into the hole where a request may wait for the client's 10 s


class BlackHole(Requests):
    """POST /orders/create by 16 clients. A second after they began the engine still accepts connections, but answers
    nothing any more. The slowest request is of all of them, those that were under way included; p99 and the number a
    second are of the load that follows two seconds later. The plain design, whose requests wait for the client's 10 s
    and then fail, has one load of 14 s instead. Then the engine answers again, and wrong documents are counted when
    nothing waits any more.
    """

    name = "black_hole"
    title = "Engine black-holed, create, 16 connections"
    kinds = [BARE, PLAIN, SYNC]
    contenders = [kind.name for kind in kinds]
    connections = 16
    warm = False  # each turn has a second of its own that is not recorded
    targets = [
        Target("p99 at most 1.5 times that without indexing", Of(SYNC.name, "p99_ms"), Of(BARE.name, "p99_ms"), 1.5),
        Target("no request longer than the deadline of 1 s and 0.5 s", Of(SYNC.name, "slowest_ms"), None, 1500.0),
    ]

    def prepare(self) -> None:
        port = urlsplit(self.ground.elasticsearch.url).port
        assert port is not None
        self.holes = {kind.name: Hole(port) for kind in self.kinds if kind.indexed}
        super().prepare()

    def site(self, kind: Kind, name: str) -> Site:
        hole = self.holes.get(kind.name)
        return Site(self.ground, kind, name, hole.url if hole else "")

    def turn(self, contender: str, number: int) -> Figures:
        self.load(contender, BEFORE)
        hole = self.holes.get(contender)
        falling = threading.Timer(BEFORE, hole.open if hole else int)
        falling.start()
        try:
            figures = self.fallen(contender)
        finally:
            falling.join()
            if hole:
                hole.close()
        self.sites[contender].settle(self.supervisor)
        return figures

    def fallen(self, contender: str) -> Figures:
        """The load, which goes on when nothing answers any more."""
        if contender == PLAIN.name:
            found = self.ask(contender, BEFORE + LONGEST)
            return {name: found[name] for name in ("slowest_ms", "failed", "wrk_cpu_percent")}
        first, then = self.load(contender, BEFORE + FIRST), self.load(contender)
        return then | {"slowest_ms": max(first["slowest_ms"], then["slowest_ms"])}
