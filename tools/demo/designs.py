"""The two designs as they run: each with a database, an index and a service of its own, on the one engine."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from elasticsearch import Elasticsearch

from tools import ports, server
from tools.demo.clients import Tally, Writers
from tools.demo.compare import Difference, Rows, compare
from tools.demo.databases import Database
from tools.supervisor import Child, Supervisor

WEB = ["-m", "gunicorn", "project.wsgi", "--workers", "2", "--threads", "4", "--log-level", "warning"]
WEB += ["--no-control-socket", "--graceful-timeout", "5"]
ROWS = "SELECT id, order_number, customer_name, total_amount FROM orders_order"


@dataclass
class Design:
    """One of the two: its name in the table, and what runs beside gunicorn."""

    name: str
    settings: str
    prefix: str
    engine: str
    database: Database
    folder: Path  # of its logs
    beside: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port = ports.free()
        self.tally = Tally()
        self.writers = Writers(self.port, self.tally, self.database)

    def environment(self) -> dict[str, str]:
        """Nothing of .env, and none of the caller's own settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SEARCH_", "DJANGO_"))}
        return kept | {
            "DJANGO_ENV_FILE": "",
            "DJANGO_DEBUG": "on",
            "DJANGO_SECRET_KEY": "the demonstration's key, no secret",
            "DJANGO_SETTINGS_MODULE": self.settings,
            "DATABASE_URL": self.database.url,
            "ELASTICSEARCH_URL": self.engine,
            "SEARCH_INDEX_PREFIX": self.prefix,
        }

    def start(self, supervisor: Supervisor) -> None:
        """Make database and index, and start the service."""
        self.database.create()
        for step in (["migrate", "--verbosity", "0"], ["search_index", "--create"]):
            supervisor.finish(self.launch(supervisor, step[0], ["manage.py", *step]))
        for name, command in self.beside.items():
            self.launch(supervisor, name, command)
        self.launch(supervisor, "gunicorn", [*WEB, "--bind", f"{ports.HOST}:{self.port}"])
        url = f"http://{ports.HOST}:{self.port}/orders/"
        supervisor.wait_until(lambda: server.answers(url), f"{self.name}: gunicorn")

    def launch(self, supervisor: Supervisor, name: str, command: list[str]) -> Child:
        """Start one of its programs; what it says goes to a log of its own."""
        log = self.folder / f"{self.prefix}{name}.log"
        return supervisor.start(f"{self.name}: {name}", [sys.executable, *command], log, self.environment())

    def difference(self, engine: Elasticsearch) -> Difference:
        """How index and database differ now."""
        return compare(self.in_index(engine), self.in_database())

    def in_database(self) -> Rows:
        """Every row, read past Django."""
        return {pk: (number, name, float(amount)) for pk, number, name, amount in self.database.execute(ROWS)}

    def in_index(self, engine: Elasticsearch) -> Rows:
        """Every document, as a search gives it."""
        alias = f"{self.prefix}orders"
        engine.indices.refresh(index=alias)
        found = engine.search(index=alias, query={"match_all": {}}, size=10_000)["hits"]["hits"]
        return {
            int(hit["_id"]): (each["order_number"], each["customer_name"], float(each["total_amount"]))
            for hit in found
            for each in [hit["_source"]]
        }
