"""What all contenders stand on: a PostgreSQL, an Elasticsearch and a folder for them alone. All goes at the end."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from tools import cache, elasticsearch, ports, postgresql

ENGINE = "8.19.8"


@dataclass(frozen=True)
class Ground:
    """The servers, and what was built on them that a later benchmark can use too."""

    postgresql: postgresql.Server
    elasticsearch: elasticsearch.Server
    folder: Path
    built: dict[str, Any] = field(default_factory=dict)

    @property
    def engine(self) -> Elasticsearch:
        """A client to look with."""
        return Elasticsearch(self.elasticsearch.url, request_timeout=120)


@contextmanager
def ground() -> Iterator[Ground]:
    """Servers that are there for this alone."""
    folder = cache.folder("benchmarks", secrets.token_hex(4))
    database = postgresql.server(ports.free(), folder / "postgresql")
    engine = elasticsearch.server(ENGINE, ports.free(), folder / "elasticsearch")
    try:
        database.start()
        engine.start()
        yield Ground(database, engine, folder)
    finally:
        engine.remove()
        database.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)
