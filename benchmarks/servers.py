"""The servers that all contenders share: a PostgreSQL, an Elasticsearch and a folder, removed at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from tools import cache, elasticsearch, ports, postgresql

ENGINE = "8.19.8"


@dataclass(frozen=True)
class Servers:
    """The servers, and what a benchmark has built on them for later ones."""

    postgresql: postgresql.Server
    elasticsearch: elasticsearch.Server
    folder: Path
    built: dict[str, Any] = field(default_factory=dict)

    @property
    def engine(self) -> Elasticsearch:
        return Elasticsearch(self.elasticsearch.url, request_timeout=120)


@contextmanager
def start_servers() -> Iterator[Servers]:
    with cache.scratch_folder("benchmarks") as folder:
        database = postgresql.server(ports.free(), folder / "postgresql")
        engine = elasticsearch.server(ENGINE, ports.free(), folder / "elasticsearch")
        try:
            database.start()
            engine.start()
            yield Servers(database, engine, folder)
        finally:
            engine.remove()
            database.stop("immediate")
