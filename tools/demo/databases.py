"""The database of one design: a SQLite file, or a new database on the PostgreSQL that DATABASE_URL names."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from tools.errors import ToolError


class Database(Protocol):
    """The interface of both kinds of database."""

    @property
    def url(self) -> str:
        """Its address in the form of DATABASE_URL."""

    def create(self) -> None:
        """Create it, empty."""

    def drop(self) -> None:
        """Drop it. Do nothing if it does not exist."""

    def execute(self, statement: str) -> list[Any]:
        """Run one statement past Django, as another program would. Return its rows."""


@dataclass(frozen=True)
class SQLite:
    """A file, which is removed with its folder."""

    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def create(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def drop(self) -> None:
        """Do nothing."""

    def execute(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self.path, timeout=20, isolation_level=None)) as connection:
            return connection.execute(statement).fetchall()


@dataclass(frozen=True)
class PostgreSQL:
    """A new database on the server of `server_url`, whose own database stays untouched."""

    server_url: str
    name: str

    @property
    def url(self) -> str:
        return urlunsplit(urlsplit(self.server_url)._replace(path=f"/{self.name}"))

    def create(self) -> None:
        _execute(self.server_url, f"CREATE DATABASE {self.name}")

    def drop(self) -> None:
        _execute(self.server_url, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

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


def database(server_url: str, folder: Path, name: str) -> Database:
    """Return a database on the server of `server_url` if that is PostgreSQL, otherwise a file in `folder`."""
    if server_url.startswith(("postgres://", "postgresql://")):
        return PostgreSQL(server_url, name)
    return SQLite(folder / f"{name}.sqlite3")
