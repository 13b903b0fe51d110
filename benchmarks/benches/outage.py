"""Requests that write while the engine accepts all and answers nothing."""

import threading

from benchmarks.bench import Figure, Figures, Target
from benchmarks.benches.requests import Requests
from benchmarks.deployment import NO_INDEX, PLAIN, SYNC, Configuration, Deployment
from tools.fault_proxy import BlackHoleProxy

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
    configurations = [NO_INDEX, PLAIN, SYNC]
    contenders = [configuration.name for configuration in configurations]
    connections = 16
    warm = False  # each turn has a second of its own that is not recorded
    targets = [
        Target(
            "p99 at most 1.5 times that without indexing",
            Figure(SYNC.name, "p99_ms"),
            Figure(NO_INDEX.name, "p99_ms"),
            1.5,
        ),
        Target("no request longer than the deadline of 1 s and 0.5 s", Figure(SYNC.name, "slowest_ms"), None, 1500.0),
    ]

    def prepare(self) -> None:
        engine_url = self.servers.elasticsearch.url
        self.proxies = {
            configuration.name: BlackHoleProxy(engine_url)
            for configuration in self.configurations
            if configuration.indexed
        }
        super().prepare()

    def deployment(self, configuration: Configuration, name: str) -> Deployment:
        hole = self.proxies.get(configuration.name)
        return Deployment(self.servers, configuration, name, hole.url if hole else "")

    def turn(self, contender: str, number: int) -> Figures:
        self.load(contender, BEFORE)
        hole = self.proxies.get(contender)
        falling = threading.Timer(BEFORE, hole.open if hole else int)
        falling.start()
        try:
            figures = self.fallen(contender)
        finally:
            falling.join()
            if hole:
                hole.close()
        self.deployments[contender].wait_until_confirmed(self.supervisor)
        return figures

    def fallen(self, contender: str) -> Figures:
        """The load, which goes on when nothing answers any more."""
        if contender == PLAIN.name:
            found = self.ask(contender, BEFORE + LONGEST)
            return {name: found[name] for name in ("slowest_ms", "failed", "wrk_cpu_percent")}
        first, then = self.load(contender, BEFORE + FIRST), self.load(contender)
        return then | {"slowest_ms": max(first["slowest_ms"], then["slowest_ms"])}
