"""Many rows at once: one transaction, one UPDATE, what waits for the relay."""

import itertools
from dataclasses import replace

from benchmarks import table
from benchmarks.bench import Bench, Figures, Of, Target
from benchmarks.deployment import ASYNC, BARE, PLAIN, PLAIN_DEFAULT, SYNC, Site, per_row
from benchmarks.limit import LIMIT, Limit
from tools.demo.compare import Difference

RUNS = itertools.count(1)


class Transaction(Bench):
    """Orders saved one by one in one transaction, by one process; with this project the push after its commit."""

    name = "transaction"
    title = "Saves in one transaction"
    kinds = [BARE, PLAIN, PLAIN_DEFAULT, SYNC]
    contenders = [kind.name for kind in kinds]
    targets = [
        Target(
            "at least 10 times as many a second as plain without refresh",
            Of(SYNC.name, "per_second"), Of(PLAIN.name, "per_second"), 10.0, at_least=True,
        ),
    ]  # fmt: skip

    def prepare(self) -> None:
        self.sites = {
            kind.name: Site(self.ground, kind, f"{self.name}-{number}").create()
            for number, kind in enumerate(self.kinds)
        }
        self.sites[SYNC.name].start_relay(self.supervisor)

    def turn(self, contender: str, number: int) -> Figures:
        seconds: float = self.sites[contender].work("saves", f"run{next(RUNS)}", str(self.scale.saves))["seconds"]
        return {"ms": seconds * 1000, "per_second": self.scale.saves / seconds}

    def wrong(self, contender: str) -> Difference | None:
        return self.sites[contender].wrong(self.supervisor)

    def close(self) -> None:
        for site in self.sites.values():
            site.drop()


class Update(Bench):
    """QuerySet.update() of every order of a table, until a running relay has indexed them all and, refreshed, all can
    be found. In sync mode the relay leaves each change to the request's own push for two seconds first, of which there
    is none here. The plain design never indexes an update(): its figure is the UPDATE alone. The limit: the same
    documents as ready bulk bodies, refreshed too.
    """

    name = "update"
    title = "QuerySet.update() until indexed"
    method = 2  # the first did not refresh, where the limit did
    kinds = [ASYNC, SYNC, PLAIN]
    contenders = [*[kind.name for kind in kinds], LIMIT]
    targets = [
        Target(
            "async: at least half as many rows a second as the limit",
            Of(ASYNC.name, "per_second"), Of(LIMIT, "per_second"), 0.5, at_least=True,
        ),
    ]  # fmt: skip

    def prepare(self) -> None:
        self.sites = {kind.name: Site(self.ground, kind, f"{self.name}-{at}") for at, kind in enumerate(self.kinds)}
        for site in self.sites.values():
            site.create()
            table.fill(site, self.rows())
            site.manage("search_index", "--rebuild" if site.kind.relay else "--populate", "--verbosity", "0")
            if site.kind.relay:
                site.start_relay(self.supervisor)
        self.limit = Limit(self.sites[ASYNC.name], refresh="1s").prepare()

    def turn(self, contender: str, number: int) -> Figures:
        if contender == LIMIT:
            return self.limit.turn()
        site = self.sites[contender]
        before = site.cpu()
        found = site.work("update", f"After {next(RUNS)}")
        seconds = found["seconds"] + (site.refresh() if site.kind.relay else 0.0)
        return {
            "seconds": seconds,
            "per_second": self.rows() / seconds,
            "statement_seconds": found["statement_seconds"],
            **per_row(before, site.cpu(), self.rows()),
        }

    def wrong(self, contender: str) -> Difference | None:
        if contender == LIMIT:
            return self.limit.wrong()
        return self.sites[contender].difference()

    def close(self) -> None:
        self.limit.drop()
        for site in self.sites.values():
            site.drop()

    def rows(self) -> int:
        return self.scale.updated


class Relay(Bench):
    """manage.py search_relay --drain from its start until, refreshed, all can be found, with entries of that many
    changed orders waiting; and with a tenth of them, for its memory. The limit: the same documents as ready bulk
    bodies, over those of before, refreshed too.
    """

    name = "relay"
    title = "search_relay --drain"
    method = 2  # the first did not refresh, where the limit did
    all = "this project"
    tenth = "this project, a tenth"
    contenders = [all, tenth, LIMIT]
    targets = [
        Target(
            "at least 0.6 times as many entries a second as the limit",
            Of(all, "per_second"), Of(LIMIT, "per_second"), 0.6, at_least=True,
        ),
        Target(
            "peak memory at most 1.1 times that for a tenth of the entries",
            Of(all, "peak_mb"), Of(tenth, "peak_mb"), 1.1,
        ),
    ]  # fmt: skip

    def prepare(self) -> None:
        self.site = Site(self.ground, replace(ASYNC, name=self.all), self.name).create()
        table.fill(self.site, self.rows())
        self.site.manage("search_index", "--rebuild", "--verbosity", "0")
        self.limit = Limit(self.site, refresh="1s").prepare()
        self.limit.write()

    def turn(self, contender: str, number: int) -> Figures:
        if contender == LIMIT:
            return self.limit.turn()
        count = self.rows() // 10 if contender == self.tenth else self.rows()
        self.site.sql(f"UPDATE orders_order SET note = 'change {next(RUNS)}' WHERE id <= {count}")
        before = self.site.cpu()
        done = self.site.manage("search_relay", "--drain", "--verbosity", "0")
        seconds = done.seconds + self.site.refresh()
        spent = per_row(before, self.site.cpu(), count, done.cpu_seconds)
        return {"seconds": seconds, "per_second": count / seconds, "peak_mb": done.peak_mb, **spent}

    def wrong(self, contender: str) -> Difference | None:
        return self.limit.wrong() if contender == LIMIT else self.site.difference()

    def close(self) -> None:
        self.limit.drop()
        self.site.drop()

    def rows(self) -> int:
        return self.scale.entries
