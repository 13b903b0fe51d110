"""Many rows at once: one transaction, one UPDATE, the pending entries of the relay."""

import itertools
from dataclasses import replace

from benchmarks import table
from benchmarks.bench import Bench, Figure, Figures, Target
from benchmarks.deployment import ASYNC, NO_INDEX, PLAIN, PLAIN_DEFAULT, SYNC, Deployment, cpu_per_row
from benchmarks.limit import LIMIT, Limit
from tools.comparison import Difference

RUNS = itertools.count(1)


class Transaction(Bench):
    """Orders saved one by one in one transaction by one process. This project's push after the commit is included."""

    name = "transaction"
    title = "Saves in one transaction"
    configurations = [NO_INDEX, PLAIN, PLAIN_DEFAULT, SYNC]
    contenders = [configuration.name for configuration in configurations]
    targets = [
        Target(
            "at least 10 times as many a second as plain without refresh",
            Figure(SYNC.name, "per_second"), Figure(PLAIN.name, "per_second"), 10.0, at_least=True,
        ),
    ]  # fmt: skip

    def prepare(self) -> None:
        self.deployments = {
            configuration.name: Deployment(self.servers, configuration, f"{self.name}-{number}").create()
            for number, configuration in enumerate(self.configurations)
        }
        self.deployments[SYNC.name].start_relay(self.supervisor)

    def turn(self, contender: str, number: int) -> Figures:
        seconds: float = self.deployments[contender].run_workload("saves", f"run{next(RUNS)}", str(self.scale.saves))[
            "seconds"
        ]
        return {"ms": seconds * 1000, "per_second": self.scale.saves / seconds}

    def final_difference(self, contender: str) -> Difference | None:
        return self.deployments[contender].final_difference(self.supervisor)

    def close(self) -> None:
        for deployment in self.deployments.values():
            deployment.drop()


class Update(Bench):
    """QuerySet.update() of every order of a table, until a running relay has indexed all of them and a refresh has made
    them searchable. In sync mode the relay first leaves each change to the request's push for two seconds, although
    there is no request here. The plain design never indexes an update(): its figure is only the UPDATE. The limit: the
    same documents as ready bulk bodies, with a refresh.
    """

    name = "update"
    title = "QuerySet.update() until indexed"
    method = 2  # method 1 did not refresh, although the limit did
    configurations = [ASYNC, SYNC, PLAIN]
    contenders = [*[configuration.name for configuration in configurations], LIMIT]
    targets = [
        Target(
            "async: at least half as many rows a second as the limit",
            Figure(ASYNC.name, "per_second"), Figure(LIMIT, "per_second"), 0.5, at_least=True,
        ),
    ]  # fmt: skip

    def prepare(self) -> None:
        self.deployments = {
            configuration.name: Deployment(self.servers, configuration, f"{self.name}-{at}")
            for at, configuration in enumerate(self.configurations)
        }
        for deployment in self.deployments.values():
            deployment.create()
            table.fill(deployment, self.rows())
            deployment.manage(
                "search_index", "--rebuild" if deployment.configuration.relay else "--populate", "--verbosity", "0"
            )
            if deployment.configuration.relay:
                deployment.start_relay(self.supervisor)
        self.limit = Limit(self.deployments[ASYNC.name], refresh="1s").prepare()

    def turn(self, contender: str, number: int) -> Figures:
        if contender == LIMIT:
            return self.limit.turn()
        deployment = self.deployments[contender]
        before = deployment.cpu()
        result = deployment.run_workload("update", f"After {next(RUNS)}")
        seconds = result["seconds"] + (deployment.refresh() if deployment.configuration.relay else 0.0)
        return {
            "seconds": seconds,
            "per_second": self.rows() / seconds,
            "statement_seconds": result["statement_seconds"],
            **cpu_per_row(before, deployment.cpu(), self.rows()),
        }

    def final_difference(self, contender: str) -> Difference | None:
        if contender == LIMIT:
            return self.limit.final_difference()
        return self.deployments[contender].difference()

    def close(self) -> None:
        self.limit.drop()
        for deployment in self.deployments.values():
            deployment.drop()

    def rows(self) -> int:
        return self.scale.updated


class Relay(Bench):
    """manage.py search_relay --drain, from its start until a refresh has made the changes searchable, with that many
    pending entries of changed orders; and with a tenth of them, to compare the memory. The limit: the same documents as
    ready bulk bodies, over the existing ones, with a refresh.
    """

    name = "relay"
    title = "search_relay --drain"
    method = 2  # method 1 did not refresh, although the limit did
    all = "this project"
    tenth = "this project, a tenth"
    contenders = [all, tenth, LIMIT]
    targets = [
        Target(
            "at least 0.6 times as many entries a second as the limit",
            Figure(all, "per_second"), Figure(LIMIT, "per_second"), 0.6, at_least=True,
        ),
        Target(
            "peak memory at most 1.1 times that for a tenth of the entries",
            Figure(all, "peak_mb"), Figure(tenth, "peak_mb"), 1.1,
        ),
    ]  # fmt: skip

    def prepare(self) -> None:
        self.deployment = Deployment(self.servers, replace(ASYNC, name=self.all), self.name).create()
        table.fill(self.deployment, self.rows())
        self.deployment.manage("search_index", "--rebuild", "--verbosity", "0")
        self.limit = Limit(self.deployment, refresh="1s").prepare()
        self.limit.write()

    def turn(self, contender: str, number: int) -> Figures:
        if contender == LIMIT:
            return self.limit.turn()
        count = self.rows() // 10 if contender == self.tenth else self.rows()
        self.deployment.execute(f"UPDATE orders_order SET note = 'change {next(RUNS)}' WHERE id <= {count}")
        before = self.deployment.cpu()
        program = self.deployment.manage("search_relay", "--drain", "--verbosity", "0")
        seconds = program.seconds + self.deployment.refresh()
        spent = cpu_per_row(before, self.deployment.cpu(), count, program.cpu_seconds)
        return {"seconds": seconds, "per_second": count / seconds, "peak_mb": program.peak_mb, **spent}

    def final_difference(self, contender: str) -> Difference | None:
        return self.limit.final_difference() if contender == LIMIT else self.deployment.difference()

    def close(self) -> None:
        self.limit.drop()
        self.deployment.drop()

    def rows(self) -> int:
        return self.scale.entries
