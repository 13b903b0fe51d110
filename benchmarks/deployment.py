"""A contender as it runs: a database, an index and a service of its own on the common ground."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple

import psycopg

from benchmarks import cpu
from benchmarks.servers import Ground
from tools import ports, server
from tools.demo.compare import Difference, Rows, compare
from tools.errors import ToolError
from tools.supervisor import Child, Supervisor

WEB = ["-m", "gunicorn", "project.wsgi", "--workers", "2", "--threads", "8", "--log-level", "warning"]
# So that each worker has some of 16 kept connections: else it is chance whether one takes all, and a core lies idle.
WEB += ["--worker-connections", "10"]
WEB += ["--no-control-socket", "--graceful-timeout", "5"]
HEAL = 120.0  # seconds that what waits may take
TEXTS = ["order_number", "customer_name", "currency", "status", "note"]
OF_A_LINE = ["sku", "description", "quantity", "unit_price"]


class Done(NamedTuple):
    """A program that ran to its end."""

    output: str
    seconds: float  # by the clock, its start included
    cpu_seconds: float  # of all its processes
    peak_mb: float  # of the largest of its processes
    total_mb: float  # the most that all its processes had at once, looked at twice a second


@dataclass(frozen=True)
class Kind:
    """How one contender is configured."""

    name: str
    settings: str
    variables: dict[str, str] = field(default_factory=dict)
    indexed: bool = True
    relay: bool = False


BARE = Kind("no indexing", "benchmarks.no_index.settings", indexed=False)
PLAIN = Kind("plain without refresh", "benchmarks.plain.settings", {"PLAIN_REFRESH": "off"})
PLAIN_DEFAULT = Kind("plain default", "benchmarks.plain.settings", {"PLAIN_REFRESH": "on"})
SYNC = Kind("this project, sync", "project.settings", {"SEARCH_PUSH": "sync"}, relay=True)
ASYNC = Kind("this project, async", "project.settings", {"SEARCH_PUSH": "async"}, relay=True)


class Site:
    """One contender. `name` makes its database and index its own."""

    def __init__(self, ground: Ground, kind: Kind, name: str, engine: str = "") -> None:
        self.ground = ground
        self.kind = kind
        self.name = name
        self.engine = engine or ground.elasticsearch.url
        self.port = ports.free()
        self.children: list[Child] = []

    @property
    def database(self) -> str:
        """Its database's name."""
        return self.name.replace("-", "_")

    @property
    def alias(self) -> str:
        """Its index's name."""
        return f"{self.name}-orders"

    @property
    def url(self) -> str:
        """Its service's address."""
        return f"http://{ports.HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of .env, and none of the caller's own settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SEARCH_", "DJANGO_"))}
        return kept | {
            "DJANGO_ENV_FILE": "",
            "DJANGO_DEBUG": "off",
            "DJANGO_ALLOWED_HOSTS": ports.HOST,
            "DJANGO_SECRET_KEY": "of the benchmarks alone, no secret at all, and long enough for Django's checks",
            "DJANGO_SETTINGS_MODULE": self.kind.settings,
            "DATABASE_URL": self.ground.postgresql.url(self.database),
            "ELASTICSEARCH_URL": self.engine,
            "SEARCH_INDEX_PREFIX": f"{self.name}-",
            **self.kind.variables,
        }

    def create(self) -> "Site":
        """Make database and index, both empty."""
        template = self.kind.settings.replace(".", "_")
        if template in self.ground.built:
            self.copy(template, self.database)
        else:
            self.ground.postgresql.create(self.database)
            self.manage("migrate", "--verbosity", "0")
            self.copy(self.database, template)
            self.ground.built[template] = self.database
        if self.kind.indexed:
            self.manage("search_index", "--create")
        return self

    def copy(self, database: str, into: str) -> None:
        """Make a database as another one is; migrating each takes longer than most benchmarks."""
        with psycopg.connect(self.ground.postgresql.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {into} TEMPLATE {database}".encode())

    def drop(self) -> None:
        """Take database and index away, once its programs have ended."""
        self.ground.postgresql.drop(self.database)
        engine = self.ground.engine
        for index in engine.indices.get(index=f"{self.name}-*"):
            engine.indices.delete(index=index)

    def serve(self, supervisor: Supervisor) -> "Site":
        """Start gunicorn and, where the contender has one, the relay."""
        if self.kind.relay:
            self.start_relay(supervisor)
        return self.serve_alone(supervisor)

    def start_relay(self, supervisor: Supervisor) -> None:
        """Start the relay alone."""
        self.start(supervisor, "relay", ["manage.py", "search_relay"])

    def serve_alone(self, supervisor: Supervisor) -> "Site":
        """Start gunicorn, and no relay: what waits is for the caller to drain."""
        self.start(supervisor, "gunicorn", [*WEB, "--bind", f"{ports.HOST}:{self.port}"])
        url = f"{self.url}/orders/"
        supervisor.wait_until(lambda: server.answers(url), f"{self.kind.name}: gunicorn")
        return self

    def start(self, supervisor: Supervisor, what: str, arguments: list[str]) -> Child:
        """Start a program beside; its log is in the ground's folder."""
        log = self.ground.folder / f"{self.name}-{what}.log"
        command = [sys.executable, *arguments]
        self.children.append(supervisor.start(f"{self.kind.name}: {what}", command, log, self.environment))
        return self.children[-1]

    def cpu(self) -> dict[str, float]:
        """Seconds of processor that its programs, the database and the engine have had until now."""
        return {
            "service": cpu.spent([child.process.pid for child in self.children]),
            "database": cpu.spent([self.ground.postgresql.pid()]),
            "engine": cpu.spent([self.ground.elasticsearch.pid() or 0]),
        }

    def refresh(self) -> float:
        """Let all be found that is in the index; seconds."""
        began = perf_counter()
        self.ground.engine.indices.refresh(index=self.alias)
        return perf_counter() - began

    def last_words(self) -> str:
        """The end of its service's log."""
        return "\n" + (self.ground.folder / f"{self.name}-gunicorn.log").read_text(errors="replace")[-4000:]

    def manage(self, *arguments: str) -> Done:
        """Run a management command to its end. ToolError when it fails."""
        return self.run("manage.py", *arguments)

    def work(self, *arguments: str) -> dict[str, Any]:
        """Run a piece of work of benchmarks/workloads.py; what it printed, as JSON, with its peak_mb."""
        done = self.run("-m", "benchmarks.workloads", *arguments)
        found: dict[str, Any] = json.loads(done.output.splitlines()[-1])
        return found | {"peak_mb": done.peak_mb}

    def run(self, *arguments: str) -> Done:
        """Run Python in this site's environment."""
        log, measured = (self.ground.folder / f"{self.name}-run.{kind}" for kind in ("log", "json"))
        command = [sys.executable, "-m", "benchmarks.measure", str(measured), sys.executable, *arguments]
        with log.open("w") as errors:
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=errors, env=self.environment, text=True, check=False
            )
        if done.returncode:
            said = (done.stdout + log.read_text())[-4000:]
            raise ToolError(f"{self.kind.name}: {' '.join(arguments)} failed.\n{said}")
        return Done(done.stdout, **json.loads(measured.read_text()))

    def sql(self, statement: str) -> list[Any]:
        """Run statements past Django; the rows of the last one."""
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def difference(self) -> Difference:
        """How index and database differ now, refreshed: order by order, read past Django."""
        return compare(self.documents(self.alias), self.rows())

    def rows(self) -> Rows:
        """Every order of the table."""
        lines = defaultdict[int, list[dict[str, Any]]](list)
        for order, *values in self.sql(f"SELECT order_id, {', '.join(OF_A_LINE)} FROM orders_orderline"):
            lines[order].append(dict(zip(OF_A_LINE, values, strict=True)))
        read = self.sql(f"SELECT id, total_amount, {', '.join(TEXTS)} FROM orders_order")
        return {
            pk: searched({"total_amount": amount, "lines": lines.get(pk, []), **dict(zip(TEXTS, texts, strict=True))})
            for pk, amount, *texts in read
        }

    def documents(self, index: str) -> Rows:
        """Every document of an index, its own or the limit's."""
        from elasticsearch.helpers import scan

        engine = self.ground.engine
        engine.indices.refresh(index=index)
        found = scan(engine, index=index, size=5000, _source=["total_amount", "lines", *TEXTS])
        return {int(hit["_id"]): searched(hit["_source"]) for hit in found}

    def settle(self, supervisor: Supervisor) -> None:
        """Wait until its relay has nothing to do."""
        supervisor.wait_until(self.settled, f"{self.kind.name}: the relay", timeout=HEAL)

    def wrong(self, supervisor: Supervisor) -> Difference | None:
        """What is wrong in its index when nothing waits any more; None where it has none."""
        if not self.kind.indexed:
            return None
        self.settle(supervisor)
        return self.difference()

    def settled(self) -> bool:
        """Whether nothing waits any more for the index."""
        return not self.kind.relay or self.sql("SELECT count(*) FROM search_outbox WHERE state <> 'settling'") == [(0,)]


def searched(order: dict[str, Any]) -> tuple[Any, ...]:
    """What a searcher sees of an order, of its row or of its document: the two are to be equal."""
    lines = sorted(
        (line["sku"], line["description"], line["quantity"], float(line["unit_price"])) for line in order["lines"]
    )
    return (float(order["total_amount"]), *(order[name] for name in TEXTS), tuple(lines))


def per_row(before: dict[str, float], after: dict[str, float], rows: int, service: float = 0.0) -> dict[str, float]:
    """What a row took of the processor, between two Site.cpu(); `service` seconds are of programs that have ended."""
    spent = {who: after[who] - before[who] for who in after}
    spent["service"] += service
    return {f"{who}_cpu_us": 1e6 * seconds / rows for who, seconds in spent.items()}
