"""Requests that write: what a client waits, and how many are served."""

import itertools
import random
import threading
from time import monotonic, sleep
from typing import Any

from benchmarks import wrk
from benchmarks.bench import Bench, Figure, Figures, Target
from benchmarks.deployment import ASYNC, HEAL_TIMEOUT, NO_INDEX, PLAIN, PLAIN_DEFAULT, SYNC, Configuration, Deployment
from tools.comparison import Difference
from tools.errors import ToolError

RUNS = itertools.count(1)


class Requests(Bench):
    """Contenders with a service each."""

    configurations: list[Configuration]
    connections: int
    script = "create"

    def prepare(self) -> None:
        self.deployments = {
            configuration.name: self.deployment(configuration, f"{self.name}-{number}").create().serve(self.supervisor)
            for number, configuration in enumerate(self.configurations)
        }
        self.tokens = {name: deployment.run_workload("token")["token"] for name, deployment in self.deployments.items()}

    def deployment(self, configuration: Configuration, name: str) -> Deployment:
        """A contender's deployment."""
        return Deployment(self.servers, configuration, name)

    def turn(self, contender: str, number: int) -> Figures:
        deployment = self.deployments[contender]
        before = deployment.cpu()
        figures = self.load(contender)
        deployment.wait_until_confirmed(self.supervisor)  # or the next one would pay for what waits
        count = figures["per_second"] * self.scale.seconds
        return figures | {f"{who}_cpu_ms": 1e3 * (now - before[who]) / count for who, now in deployment.cpu().items()}

    def load(self, contender: str, seconds: float = 0, **variables: str) -> Figures:
        """One load of wrk, in which no request may fail."""
        figures = self.ask(contender, seconds or self.scale.seconds, **variables)
        if figures["failed"]:
            said = self.deployments[contender].log_tail()
            raise ToolError(f"{contender}: {figures['failed']:.0f} requests failed.{said}")
        return figures

    def ask(self, contender: str, seconds: float, **variables: str) -> Figures:
        """One load of wrk, however many requests fail."""
        variables |= {"TOKEN": self.tokens[contender], "RUN": f"run{next(RUNS)}"}
        url = f"{self.deployments[contender].url}/orders/create"
        return wrk.load(url, self.script, self.connections, seconds, **variables)

    def final_difference(self, contender: str) -> Difference | None:
        return self.deployments[contender].final_difference(self.supervisor)

    def close(self) -> None:
        for deployment in self.deployments.values():
            deployment.drop()


class CreateAlone(Requests):
    """POST /orders/create by one client, one request after the other."""

    name = "create_1"
    title = "Create, 1 connection"
    configurations = [NO_INDEX, PLAIN, PLAIN_DEFAULT, SYNC, ASYNC]
    contenders = [configuration.name for configuration in configurations]
    connections = 1
    targets = [
        Target(
            "p50 at most that of plain without refresh", Figure(SYNC.name, "p50_ms"), Figure(PLAIN.name, "p50_ms"), 1.0
        ),
    ]


class CreateTogether(Requests):
    """POST /orders/create by 16 clients at once."""

    name = "create_16"
    title = "Create, 16 connections"
    configurations = CreateAlone.configurations
    contenders = CreateAlone.contenders
    connections = 16
    targets = [
        Target(
            "sync: at least 1.5 times as many a second as plain without refresh",
            Figure(SYNC.name, "per_second"),
            Figure(PLAIN.name, "per_second"),
            1.5,
            at_least=True,
        ),
        Target(
            "sync: at least 4 times as many a second as plain default",
            Figure(SYNC.name, "per_second"),
            Figure(PLAIN_DEFAULT.name, "per_second"),
            4.0,
            at_least=True,
        ),
        Target("sync: p99 below plain without refresh", Figure(SYNC.name, "p99_ms"), Figure(PLAIN.name, "p99_ms"), 1.0),
        Target("sync: p99 below plain default", Figure(SYNC.name, "p99_ms"), Figure(PLAIN_DEFAULT.name, "p99_ms"), 1.0),
        Target(
            "async: at least 0.85 times as many a second as without indexing",
            Figure(ASYNC.name, "per_second"),
            Figure(NO_INDEX.name, "per_second"),
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
    configurations = [SYNC, ASYNC]
    contenders = [configuration.name for configuration in configurations]
    connections = 16
    targets = [
        Target("async: p50 at most 1.2 s, with refresh every second", Figure(ASYNC.name, "lag_p50_s"), None, 1.2)
    ]
    probes = 4

    def turn(self, contender: str, number: int) -> Figures:
        lags: list[float] = []
        over = threading.Event()
        probes = [
            threading.Thread(target=self.probe, args=(self.deployments[contender], contender, lags, over))
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
        self.deployments[contender].wait_until_confirmed(self.supervisor)
        if not lags:
            raise ToolError(f"{contender}: no probe was found.{self.deployments[contender].log_tail()}")
        lags.sort()
        return {
            "per_second": figures["per_second"],
            "lag_p50_s": lags[len(lags) // 2],
            "lag_slowest_s": lags[-1],
            "probes": len(lags),
        }

    def probe(self, deployment: Deployment, contender: str, lags: list[float], over: threading.Event) -> None:
        """Make orders, one after the other, and look for each until it is found."""
        import requests

        session, engine = requests.Session(), self.servers.engine
        session.headers["Authorization"] = f"Token {self.tokens[contender]}"
        while not over.wait(random.random()):  # up to a second, as long as one refresh is from the next
            order: dict[str, Any] = {"order_number": f"probe-{next(RUNS)}", "customer_name": "Probe", "total_amount": 1}
            made: dict[str, Any] = session.post(f"{deployment.url}/orders/create", json=order, timeout=30).json()
            committed = monotonic()
            while not engine.count(index=deployment.alias, query={"term": {"id": made["id"]}})["count"]:
                if monotonic() - committed > HEAL_TIMEOUT:
                    raise ToolError(f"{contender}: order {made['id']} is not found.")
                sleep(0.01)
            lags.append(monotonic() - committed)


class Change(Requests):
    """PATCH of the same 20 orders over and over by 16 clients: what happens to order where changes meet."""

    name = "change_16"
    title = "Change of 20 hot orders, 16 connections"
    configurations = CreateAlone.configurations
    contenders = CreateAlone.contenders
    connections = 16
    script = "change"
    hot = 20
    targets = [
        Target(
            "sync: at least as many a second as plain without refresh",
            Figure(SYNC.name, "per_second"), Figure(PLAIN.name, "per_second"), 1.0, at_least=True,
        ),
    ]  # fmt: skip

    def prepare(self) -> None:
        super().prepare()
        for deployment in self.deployments.values():
            deployment.run_workload("saves", "hot", str(self.hot))

    def ask(self, contender: str, seconds: float, **variables: str) -> Figures:
        return super().ask(contender, seconds, HOT=str(self.hot), **variables)
