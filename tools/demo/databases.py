"""A database of a design's own: a SQLite file, or one on the PostgreSQL that DATABASE_URL names."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from tools.errors import ToolError


class Database(Protocol):
    """What both can do."""

    @property
    def url(self) -> str:
        """As DATABASE_URL takes it."""

    def create(self) -> None:
        """Make it, empty."""

    def drop(self) -> None:
        """Take it away; harmless when it was never made."""

    def execute(self, statement: str) -> list[Any]:
        """Run one statement as any program would, past Django; the rows that it gives."""


@dataclass(frozen=True)
class SQLite:
    """A file, which goes with its folder."""

    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def create(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def drop(self) -> None:
        """Nothing to do."""

    def execute(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self.path, timeout=20, isolation_level=None)) as connection:
            return connection.execute(statement).fetchall()


@dataclass(frozen=True)
class PostgreSQL:
    """A database beside the one that `server` names, which is not touched."""

    server: str
    name: str

    @property
    def url(self) -> str:
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{self.name}"))

    def create(self) -> None:
        _execute(self.server, f"CREATE DATABASE {self.name}")

    def drop(self) -> None:
        _execute(self.server, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def execute(self, statement: str) -> list[Any]:
        return _execute(self.url, statement)


def _execute(url: str, statement: str) -> list[Any]:
    import psycopg

    try:
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error as error:
        raise ToolError(f"DATABASE_URL: {str(error).strip()}") from error


def database(server: str, folder: Path, name: str) -> Database:
    """A design's database: where `server` (DATABASE_URL) is PostgreSQL's, there; else a file in `folder`."""
    if server.startswith(("postgres://", "postgresql://")):
        return PostgreSQL(server, name)
    return SQLite(folder / f"{name}.sqlite3")
