"""The base of the commands: an expected failure is one line on standard error and an exit code, without traceback."""

import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError

from ..exceptions import DatabaseRefused, DatabaseUnavailable, NotMigrated, SearchError

NOT_MIGRATED = re.compile(r"no such (table|column)|(relation|column) \S+ does not exist")


class SearchCommand(BaseCommand):
    """A command that turns SearchError, database errors and wrong arguments into a CommandError of one line."""

    # Only these checks: the others import the URLs, which no command needs and which costs 0.2 of 0.75 s to start.
    requires_system_checks = ("search", Tags.models)
    error_code = 1
    error_prefix = ""
    interrupted_message = "Interrupted."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return a parser that raises for a wrong argument instead of printing the usage."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.called_from_command_line = False
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except CommandError as error:  # a wrong argument; BaseCommand has handled all others
            self.stderr.write(f"CommandError: {str(error).removeprefix('Error: ')}")
            sys.exit(self.error_code)

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            with sigterm_interrupts():
                return super().execute(*args, **options)
        except SearchError as error:
            raise self.command_error(error) from error
        except DatabaseError as error:
            raise self.command_error(from_database_error(error)) from error
        except KeyboardInterrupt:
            raise CommandError(self.interrupted_message, returncode=self.error_code) from None

    def command_error(self, error: SearchError) -> CommandError:
        return CommandError(self.error_prefix + one_line(error), returncode=self.error_code)


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def from_database_error(error: DatabaseError) -> SearchError:
    text = one_line(error)
    if NOT_MIGRATED.search(text):
        return NotMigrated(text)
    if isinstance(error, OperationalError | InterfaceError):
        return DatabaseUnavailable(text)
    return DatabaseRefused(text)


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that the command can clean up. Does nothing outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
