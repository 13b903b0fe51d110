"""Another role of the PostgreSQL that the tests run on, and its psql."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def role(*tables: str) -> Iterator[str]:
    """Create a role that may write only these tables. Give its name."""
    name = f"clerk_{connection.settings_dict['NAME']}"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE ROLE "{name}" LOGIN')
        for table in tables:
            cursor.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO "{name}"')
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f'DROP OWNED BY "{name}"')
        cursor.execute(f'DROP ROLE "{name}"')


def psql(name: str, text: str) -> None:
    """Run SQL as that role. CalledProcessError if it fails."""
    settings = connection.settings_dict
    subprocess.run(
        ["psql", "-h", settings["HOST"], "-p", str(settings["PORT"]), "-U", name, "-d", settings["NAME"], "-qc", text],
        check=True,
        capture_output=True,
    )
