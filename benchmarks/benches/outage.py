"""Requests that write while the engine accepts connections and answers nothing."""

import threading

from benchmarks.bench import Figure, Figures, Target
from benchmarks.benches.requests import Requests
from benchmarks.deployment import NO_INDEX, PLAIN, SYNC, Configuration, Deployment
from tools.fault_proxy import BlackHoleProxy

HEALTHY_SECONDS = 1.0  # of load on a healthy engine
FIRST_SECONDS = 2.0  # of load after the outage began, of which only the slowest request counts
PLAIN_SECONDS = 13.0  # of load on the plain design, whose requests wait for the client's 10 s


class BlackHole(Requests):
    """POST /orders/create by 16 clients. After a second the engine still accepts connections, but no longer answers.
    The slowest request is that of the whole time, including the requests in progress; p99 and the number a second are
    of the load that begins two seconds later. The plain design, whose requests wait for the client's 10 s and then
    fail, has a single load of 14 s instead. Then the engine answers again, and wrong documents are counted when no
    entry is pending.
    """

    name = "black_hole"
    title = "Engine black-holed, create, 16 connections"
    configurations = [NO_INDEX, PLAIN, SYNC]
    contenders = [configuration.name for configuration in configurations]
    connections = 16
    warm = False  # each turn has an unrecorded second anyway
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
        proxy = self.proxies.get(configuration.name)
        return Deployment(self.servers, configuration, name, proxy.url if proxy else "")

    def turn(self, contender: str, number: int) -> Figures:
        self.load(contender, HEALTHY_SECONDS)
        proxy = self.proxies.get(contender)
        outage = threading.Timer(HEALTHY_SECONDS, proxy.open if proxy else int)
        outage.start()
        try:
            figures = self.load_through_outage(contender)
        finally:
            outage.join()
            if proxy:
                proxy.close()
        self.deployments[contender].wait_until_confirmed(self.supervisor)
        return figures

    def load_through_outage(self, contender: str) -> Figures:
        if contender == PLAIN.name:
            figures = self.ask(contender, HEALTHY_SECONDS + PLAIN_SECONDS)
            return {name: figures[name] for name in ("slowest_ms", "failed", "wrk_cpu_percent")}
        first, then = self.load(contender, HEALTHY_SECONDS + FIRST_SECONDS), self.load(contender)
        return then | {"slowest_ms": max(first["slowest_ms"], then["slowest_ms"])}
