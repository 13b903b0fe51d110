"""Expected faults of the commands: one line and exit code 1, no traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import Error as DatabaseError

from search.exceptions import SearchError


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn this package's errors and the database's into a CommandError of one line."""
    try:
        yield
    except SearchError as error:
        raise CommandError(flat(error)) from error
    except DatabaseError as error:
        raise CommandError(f"The database failed: {flat(error)}") from error


def flat(error: Exception) -> str:
    """An error's text in one line."""
    return " ".join(str(error).split())
