"""Requests that write: what a client waits, and how many are served."""

import itertools
import random
import threading
from time import monotonic, sleep
from typing import Any

from benchmarks import wrk
from benchmarks.bench import Bench, Figures, Of, Target
from benchmarks.deployment import ASYNC, BARE, HEAL, PLAIN, PLAIN_DEFAULT, SYNC, Kind, Site
from tools.demo.compare import Difference
from tools.errors import ToolError

RUNS = itertools.count(1)


class Requests(Bench):
    """Contenders with a service each."""

    kinds: list[Kind]
    connections: int
    script = "create"

    def prepare(self) -> None:
        self.sites = {
            kind.name: self.site(kind, f"{self.name}-{number}").create().serve(self.supervisor)
            for number, kind in enumerate(self.kinds)
        }
        self.tokens = {name: site.work("token")["token"] for name, site in self.sites.items()}

    def site(self, kind: Kind, name: str) -> Site:
        """A contender's site."""
        return Site(self.ground, kind, name)

    def turn(self, contender: str, number: int) -> Figures:
        site = self.sites[contender]
        before = site.cpu()
        figures = self.load(contender)
        site.settle(self.supervisor)  # or the next one would pay for what waits
        count = figures["per_second"] * self.scale.seconds
        return figures | {f"{who}_cpu_ms": 1e3 * (now - before[who]) / count for who, now in site.cpu().items()}

    def load(self, contender: str, seconds: float = 0, **variables: str) -> Figures:
        """One load of wrk, in which no request may fail."""
        figures = self.ask(contender, seconds or self.scale.seconds, **variables)
        if figures["failed"]:
            said = self.sites[contender].last_words()
            raise ToolError(f"{contender}: {figures['failed']:.0f} requests failed.{said}")
        return figures

    def ask(self, contender: str, seconds: float, **variables: str) -> Figures:
        """One load of wrk, however many requests fail."""
        variables |= {"TOKEN": self.tokens[contender], "RUN": f"run{next(RUNS)}"}
        url = f"{self.sites[contender].url}/orders/create"
        return wrk.load(url, self.script, self.connections, seconds, **variables)

    def wrong(self, contender: str) -> Difference | None:
        return self.sites[contender].wrong(self.supervisor)

    def close(self) -> None:
        for site in self.sites.values():
            site.drop()


class CreateAlone(Requests):
    """POST /orders/create by one client, one request after the other."""

    name = "create_1"
    title = "Create, 1 connection"
    kinds = [BARE, PLAIN, PLAIN_DEFAULT, SYNC, ASYNC]
    contenders = [kind.name for kind in kinds]
    connections = 1
    targets = [
        Target("p50 at most that of plain without refresh", Of(SYNC.name, "p50_ms"), Of(PLAIN.name, "p50_ms"), 1.0),
    ]


class CreateTogether(Requests):
    """POST /orders/create by 16 clients at once."""

    name = "create_16"
    title = "Create, 16 connections"
    kinds = CreateAlone.kinds
    contenders = CreateAlone.contenders
    connections = 16
    targets = [
        Target(
            "sync: at least 1.5 times as many a second as plain without refresh",
            Of(SYNC.name, "per_second"),
            Of(PLAIN.name, "per_second"),
            1.5,
            at_least=True,
        ),
        Target(
            "sync: at least 4 times as many a second as plain default",
            Of(SYNC.name, "per_second"),
            Of(PLAIN_DEFAULT.name, "per_second"),
            4.0,
            at_least=True,
        ),
        Target("sync: p99 below plain without refresh", Of(SYNC.name, "p99_ms"), Of(PLAIN.name, "p99_ms"), 1.0),
        Target("sync: p99 below plain default", Of(SYNC.name, "p99_ms"), Of(PLAIN_DEFAULT.name, "p99_ms"), 1.0),
        Target(
            "async: at least 0.85 times as many a second as without indexing",
            Of(ASYNC.name, "per_second"),
            Of(BARE.name, "per_second"),
            0.85,
            at_least=True,
        ),
    ]


class Lag(Requests):
    """How long after its answer an order is found by a search, while 16 clients create. Four more create one now and
    then, at any time between two refreshes, and look for it every 10 ms.
    """

    name = "lag"
    method = 2  # the first made each order just after a refresh had shown the one before
    title = "From commit to searchable, 16 connections"
    kinds = [SYNC, ASYNC]
    contenders = [kind.name for kind in kinds]
    connections = 16
    targets = [Target("async: p50 at most 1.2 s, with refresh every second", Of(ASYNC.name, "lag_p50_s"), None, 1.2)]
    probes = 4

    def turn(self, contender: str, number: int) -> Figures:
        lags: list[float] = []
        over = threading.Event()
        probes = [
            threading.Thread(target=self.probe, args=(self.sites[contender], contender, lags, over))
            for _ in range(self.probes)
        ]
        for probe in probes:
            probe.start()
        try:
            figures = self.load(contender)
        finally:
            over.set()
            for probe in probes:
                probe.join()
        self.sites[contender].settle(self.supervisor)
        if not lags:
            raise ToolError(f"{contender}: no probe was found.{self.sites[contender].last_words()}")
        lags.sort()
        return {
            "per_second": figures["per_second"],
            "lag_p50_s": lags[len(lags) // 2],
            "lag_slowest_s": lags[-1],
            "probes": len(lags),
        }

    def probe(self, site: Site, contender: str, lags: list[float], over: threading.Event) -> None:
        """Make orders, one after the other, and look for each until it is found."""
        import requests

        session, engine = requests.Session(), self.ground.engine
        session.headers["Authorization"] = f"Token {self.tokens[contender]}"
        while not over.wait(random.random()):  # up to a second, as long as one refresh is from the next
            order: dict[str, Any] = {"order_number": f"probe-{next(RUNS)}", "customer_name": "Probe", "total_amount": 1}
            made: dict[str, Any] = session.post(f"{site.url}/orders/create", json=order, timeout=30).json()
            committed = monotonic()
            while not engine.count(index=site.alias, query={"term": {"id": made["id"]}})["count"]:
                if monotonic() - committed > HEAL:
                    raise ToolError(f"{contender}: order {made['id']} is not found.")
                sleep(0.01)
            lags.append(monotonic() - committed)


class Change(Requests):
    """PATCH of the same 20 orders over and over by 16 clients: what happens to order where changes meet."""

    name = "change_16"
    title = "Change of 20 hot orders, 16 connections"
    kinds = CreateAlone.kinds
    contenders = CreateAlone.contenders
    connections = 16
    script = "change"
    hot = 20
    targets = [
        Target(
            "sync: at least as many a second as plain without refresh",
            Of(SYNC.name, "per_second"), Of(PLAIN.name, "per_second"), 1.0, at_least=True,
        ),
    ]  # fmt: skip

    def prepare(self) -> None:
        super().prepare()
        for site in self.sites.values():
            site.work("saves", "hot", str(self.hot))

    def ask(self, contender: str, seconds: float, **variables: str) -> Figures:
        return super().ask(contender, seconds, HOT=str(self.hot), **variables)
