"""The two designs as they run: each with a database, an index and a service of its own, on one common engine."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from elasticsearch import Elasticsearch

from tools import gunicorn, ports, server
from tools.comparison import Difference, Rows, compare
from tools.demo.clients import Tally, Writers
from tools.demo.databases import Database
from tools.supervisor import Child, Supervisor

SELECT_ORDERS = "SELECT id, order_number, customer_name, total_amount FROM orders_order"


@dataclass
class Design:
    """One of the two designs: its name in the table, and the programs that it runs in addition to gunicorn."""

    name: str
    settings: str
    prefix: str
    engine_url: str
    database: Database
    log_folder: Path
    programs: dict[str, list[str]] = field(default_factory=dict)  # Python's arguments, by the program's name

    def __post_init__(self) -> None:
        self.port = ports.free()
        self.tally = Tally()
        self.writers = Writers(self.port, self.tally, self.database)

    def environment(self) -> dict[str, str]:
        """Return the service's environment, without .env and without the caller's own settings."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SEARCH_", "DJANGO_"))}
        return inherited | {
            "DJANGO_ENV_FILE": "",
            "DJANGO_DEBUG": "on",
            "DJANGO_SECRET_KEY": "the demonstration's key, no secret",
            "DJANGO_SETTINGS_MODULE": self.settings,
            "DATABASE_URL": self.database.url,
            "ELASTICSEARCH_URL": self.engine_url,
            "SEARCH_INDEX_PREFIX": self.prefix,
        }

    def start(self, supervisor: Supervisor) -> None:
        self.database.create()
        for arguments in (["migrate", "--verbosity", "0"], ["search_index", "--create"]):
            supervisor.finish(self.launch(supervisor, arguments[0], [sys.executable, "manage.py", *arguments]))
        for name, arguments in self.programs.items():
            self.launch(supervisor, name, [sys.executable, *arguments])
        self.launch(supervisor, "gunicorn", gunicorn.command(self.port, threads=4))
        url = f"http://{ports.HOST}:{self.port}/orders/"
        supervisor.wait_until(lambda: server.answers(url), f"{self.name}: gunicorn")

    def launch(self, supervisor: Supervisor, name: str, command: list[str]) -> Child:
        log = self.log_folder / f"{self.prefix}{name}.log"
        return supervisor.start(f"{self.name}: {name}", command, log, self.environment())

    def difference(self, engine: Elasticsearch) -> Difference:
        return compare(self.indexed_rows(engine), self.database_rows())

    def database_rows(self) -> Rows:
        rows = self.database.execute(SELECT_ORDERS)
        return {pk: (number, name, float(amount)) for pk, number, name, amount in rows}

    def indexed_rows(self, engine: Elasticsearch) -> Rows:
        alias = f"{self.prefix}orders"
        engine.indices.refresh(index=alias)
        hits = engine.search(index=alias, query={"match_all": {}}, size=10_000)["hits"]["hits"]
        return {
            int(hit["_id"]): (source["order_number"], source["customer_name"], float(source["total_amount"]))
            for hit in hits
            for source in [hit["_source"]]
        }
