"""A contender as it runs: with a database, an index and a service of its own on the common servers."""

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
from benchmarks.servers import Servers
from tools import gunicorn, ports, server
from tools.comparison import Difference, Rows, compare
from tools.errors import ToolError
from tools.supervisor import Child, Supervisor

# Both workers get some of 16 kept connections. Otherwise one may take them all by chance, and a core is idle.
GUNICORN_OPTIONS = ["--worker-connections", "10"]
HEAL_TIMEOUT = 120.0  # seconds within which pending entries must be confirmed
TEXT_FIELDS = ["order_number", "customer_name", "currency", "status", "note"]
LINE_FIELDS = ["sku", "description", "quantity", "unit_price"]


class CompletedProgram(NamedTuple):
    """A program that ran to its end."""

    output: str
    seconds: float  # of wall time, including its start
    cpu_seconds: float  # of all its processes
    peak_mb: float  # of the largest of its processes
    total_mb: float  # the highest total of its processes, measured twice a second


@dataclass(frozen=True)
class Configuration:
    """The settings and environment of one contender."""

    name: str
    settings: str
    variables: dict[str, str] = field(default_factory=dict)
    indexed: bool = True
    relay: bool = False


NO_INDEX = Configuration("no indexing", "tools.plain_design.no_index_settings", indexed=False)
PLAIN = Configuration("plain without refresh", "tools.plain_design.settings", {"PLAIN_REFRESH": "off"})
PLAIN_DEFAULT = Configuration("plain default", "tools.plain_design.settings", {"PLAIN_REFRESH": "on"})
SYNC = Configuration("this project, sync", "project.settings", {"SEARCH_PUSH": "sync"}, relay=True)
ASYNC = Configuration("this project, async", "project.settings", {"SEARCH_PUSH": "async"}, relay=True)


class Deployment:
    """One contender, with a database and an index called after `name`."""

    def __init__(self, servers: Servers, configuration: Configuration, name: str, engine: str = "") -> None:
        self.servers = servers
        self.configuration = configuration
        self.name = name
        self.engine = engine or servers.elasticsearch.url
        self.port = ports.free()
        self.children: list[Child] = []

    @property
    def database(self) -> str:
        return self.name.replace("-", "_")

    @property
    def alias(self) -> str:
        return f"{self.name}-orders"

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Its environment, without .env and without the caller's own settings."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SEARCH_", "DJANGO_"))}
        return inherited | {
            "DJANGO_ENV_FILE": "",
            "DJANGO_DEBUG": "off",
            "DJANGO_ALLOWED_HOSTS": ports.HOST,
            "DJANGO_SECRET_KEY": "of the benchmarks alone, no secret at all, and long enough for Django's checks",
            "DJANGO_SETTINGS_MODULE": self.configuration.settings,
            "DATABASE_URL": self.servers.postgresql.url(self.database),
            "ELASTICSEARCH_URL": self.engine,
            "SEARCH_INDEX_PREFIX": f"{self.name}-",
            **self.configuration.variables,
        }

    def create(self) -> "Deployment":
        template = self.configuration.settings.replace(".", "_")
        if template in self.servers.built:
            self.copy(template, self.database)
        else:
            self.servers.postgresql.create(self.database)
            self.manage("migrate", "--verbosity", "0")
            self.copy(self.database, template)
            self.servers.built[template] = self.database
        if self.configuration.indexed:
            self.manage("search_index", "--create")
        return self

    def copy(self, database: str, into: str) -> None:
        """Create a database as a copy: migrating each one takes longer than most benchmarks."""
        with psycopg.connect(self.servers.postgresql.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {into} TEMPLATE {database}".encode())

    def drop(self) -> None:
        """Drop the database and the index. Its programs must have ended."""
        self.servers.postgresql.drop(self.database)
        engine = self.servers.engine
        for index in engine.indices.get(index=f"{self.name}-*"):
            engine.indices.delete(index=index)

    def serve(self, supervisor: Supervisor) -> "Deployment":
        if self.configuration.relay:
            self.start_relay(supervisor)
        return self.serve_without_relay(supervisor)

    def start_relay(self, supervisor: Supervisor) -> None:
        self.start(supervisor, "relay", [sys.executable, "manage.py", "search_relay"])

    def serve_without_relay(self, supervisor: Supervisor) -> "Deployment":
        """Start gunicorn without a relay: the caller drains the pending entries."""
        self.start(supervisor, "gunicorn", gunicorn.command(self.port, *GUNICORN_OPTIONS))
        url = f"{self.url}/orders/"
        supervisor.wait_until(lambda: server.answers(url), f"{self.configuration.name}: gunicorn")
        return self

    def start(self, supervisor: Supervisor, program: str, command: list[str]) -> Child:
        log = self.servers.folder / f"{self.name}-{program}.log"
        self.children.append(supervisor.start(f"{self.configuration.name}: {program}", command, log, self.environment))
        return self.children[-1]

    def cpu(self) -> dict[str, float]:
        """Return the processor seconds so far of its programs, of the database and of the engine."""
        return {
            "service": cpu.spent([child.process.pid for child in self.children]),
            "database": cpu.spent([self.servers.postgresql.pid()]),
            "engine": cpu.spent([self.servers.elasticsearch.pid() or 0]),
        }

    def refresh(self) -> float:
        """Refresh the index. Return the seconds that it took."""
        started = perf_counter()
        self.servers.engine.indices.refresh(index=self.alias)
        return perf_counter() - started

    def log_tail(self) -> str:
        return "\n" + (self.servers.folder / f"{self.name}-gunicorn.log").read_text(errors="replace")[-4000:]

    def manage(self, *arguments: str) -> CompletedProgram:
        return self.run("manage.py", *arguments)

    def run_workload(self, *arguments: str) -> dict[str, Any]:
        """Run a function of benchmarks/workloads.py in this environment. Return its result with its peak_mb."""
        program = self.run("-m", "benchmarks.workloads", *arguments)
        result: dict[str, Any] = json.loads(program.output.splitlines()[-1])
        return result | {"peak_mb": program.peak_mb}

    def run(self, *arguments: str) -> CompletedProgram:
        """Run Python in this environment to its end. ToolError, with its output, if it fails."""
        log, measurements = (self.servers.folder / f"{self.name}-run.{suffix}" for suffix in ("log", "json"))
        command = [sys.executable, "-m", "benchmarks.measure", str(measurements), sys.executable, *arguments]
        with log.open("w") as errors:
            process = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=errors, env=self.environment, text=True, check=False
            )
        if process.returncode:
            output = (process.stdout + log.read_text())[-4000:]
            raise ToolError(f"{self.configuration.name}: {' '.join(arguments)} failed.\n{output}")
        return CompletedProgram(process.stdout, **json.loads(measurements.read_text()))

    def execute(self, statement: str) -> list[Any]:
        """Run statements past Django. Return the rows of the last one."""
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def difference(self) -> Difference:
        return compare(self.documents(self.alias), self.rows())

    def rows(self) -> Rows:
        lines = defaultdict[int, list[dict[str, Any]]](list)
        for order, *values in self.execute(f"SELECT order_id, {', '.join(LINE_FIELDS)} FROM orders_orderline"):
            lines[order].append(dict(zip(LINE_FIELDS, values, strict=True)))
        read = self.execute(f"SELECT id, total_amount, {', '.join(TEXT_FIELDS)} FROM orders_order")
        return {
            pk: searchable_values(
                {"total_amount": amount, "lines": lines.get(pk, []), **dict(zip(TEXT_FIELDS, texts, strict=True))}
            )
            for pk, amount, *texts in read
        }

    def documents(self, index: str) -> Rows:
        from elasticsearch.helpers import scan

        engine = self.servers.engine
        engine.indices.refresh(index=index)
        hits = scan(engine, index=index, size=5000, _source=["total_amount", "lines", *TEXT_FIELDS])
        return {int(hit["_id"]): searchable_values(hit["_source"]) for hit in hits}

    def wait_until_confirmed(self, supervisor: Supervisor) -> None:
        supervisor.wait_until(self.is_confirmed, f"{self.configuration.name}: the relay", timeout=HEAL_TIMEOUT)

    def final_difference(self, supervisor: Supervisor) -> Difference | None:
        """Return the difference once no entry is pending, or None if it has no index."""
        if not self.configuration.indexed:
            return None
        self.wait_until_confirmed(supervisor)
        return self.difference()

    def is_confirmed(self) -> bool:
        return not self.configuration.relay or self.execute(
            "SELECT count(*) FROM search_outbox WHERE state <> 'settling'"
        ) == [(0,)]


def searchable_values(order: dict[str, Any]) -> tuple[Any, ...]:
    """Return the values that a search shows of an order. Those of its row and of its document must be equal."""
    lines = sorted(
        (line["sku"], line["description"], line["quantity"], float(line["unit_price"])) for line in order["lines"]
    )
    return (float(order["total_amount"]), *(order[name] for name in TEXT_FIELDS), tuple(lines))


def cpu_per_row(before: dict[str, float], after: dict[str, float], rows: int, service: float = 0.0) -> dict[str, float]:
    """Return the processor time of one row in µs, between two results of Deployment.cpu().

    `service` adds the seconds of programs that have ended.
    """
    spent = {who: after[who] - before[who] for who in after}
    spent["service"] += service
    return {f"{who}_cpu_us": 1e6 * seconds / rows for who, seconds in spent.items()}
