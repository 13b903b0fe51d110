"""Requests that write: their latency and their throughput."""

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
    """A benchmark whose contenders have a service each."""

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
        return Deployment(self.servers, configuration, name)

    def turn(self, contender: str, number: int) -> Figures:
        deployment = self.deployments[contender]
        before = deployment.cpu()
        figures = self.load(contender)
        deployment.wait_until_confirmed(
            self.supervisor
        )  # otherwise the next contender would pay for the pending entries
        count = figures["per_second"] * self.scale.seconds
        return figures | {f"{who}_cpu_ms": 1e3 * (now - before[who]) / count for who, now in deployment.cpu().items()}

    def load(self, contender: str, seconds: float = 0, **variables: str) -> Figures:
        """Run wrk once. ToolError if a request fails."""
        figures = self.ask(contender, seconds or self.scale.seconds, **variables)
        if figures["failed"]:
            log = self.deployments[contender].log_tail()
            raise ToolError(f"{contender}: {figures['failed']:.0f} requests failed.{log}")
        return figures

    def ask(self, contender: str, seconds: float, **variables: str) -> Figures:
        """Run wrk once, however many requests fail."""
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
    """The time from an order's answer until a search finds it, while 16 clients create orders. Four more clients create
    an order at random times between two refreshes, and search for it every 10 ms.
    """

    name = "lag"
    method = 2  # method 1 created each order right after a refresh had shown the one before
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
        stopped = threading.Event()
        probes = [
            threading.Thread(target=self.probe, args=(self.deployments[contender], contender, lags, stopped))
            for _ in range(self.probes)
        ]
        for probe in probes:
            probe.start()
        try:
            figures = self.load(contender)
        finally:
            stopped.set()
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

    def probe(self, deployment: Deployment, contender: str, lags: list[float], stopped: threading.Event) -> None:
        import requests

        session, engine = requests.Session(), self.servers.engine
        session.headers["Authorization"] = f"Token {self.tokens[contender]}"
        while not stopped.wait(random.random()):  # up to a second, the interval of the refreshes
            order: dict[str, Any] = {"order_number": f"probe-{next(RUNS)}", "customer_name": "Probe", "total_amount": 1}
            created: dict[str, Any] = session.post(f"{deployment.url}/orders/create", json=order, timeout=30).json()
            committed = monotonic()
            while not engine.count(index=deployment.alias, query={"term": {"id": created["id"]}})["count"]:
                if monotonic() - committed > HEAL_TIMEOUT:
                    raise ToolError(f"{contender}: order {created['id']} is not found.")
                sleep(0.01)
            lags.append(monotonic() - committed)


class Change(Requests):
    """PATCH of the same 20 orders, again and again, by 16 clients: concurrent changes of the same rows."""

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
