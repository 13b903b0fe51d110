"""The base of the commands: what can be expected to fail is one line on standard error and an exit code."""

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


class OneLineCommand(BaseCommand):
    """A command that ends with `failed` and one line where arguments, the engine or the database stop it."""

    # Of documents, settings and models. The others load pages and API, which no command needs: 0.2 s of 0.75 to start.
    requires_system_checks = ("search", Tags.models)
    failed = 1  # the exit code
    saying = ""  # before the line
    interrupted = "Interrupted."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django's, which raises what is wrong with an argument instead of printing the whole usage."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.called_from_command_line = False
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """Run it as manage.py does."""
        try:
            super().run_from_argv(argv)
        except CommandError as error:  # of the arguments: all others end inside
            self.stderr.write(f"CommandError: {str(error).removeprefix('Error: ')}")
            sys.exit(self.failed)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run it as call_command does."""
        try:
            with sigterm_interrupts():
                return super().execute(*args, **options)
        except SearchError as error:
            raise self.refusal(error) from error
        except DatabaseError as error:
            raise self.refusal(of_database(error)) from error
        except KeyboardInterrupt:
            raise CommandError(self.interrupted, returncode=self.failed) from None

    def refusal(self, error: SearchError) -> CommandError:
        """The line."""
        return CommandError(self.saying + one_line(error), returncode=self.failed)


def one_line(error: Exception) -> str:
    """An error's text without its line breaks."""
    return " ".join(str(error).split())


def of_database(error: DatabaseError) -> SearchError:
    """What a database's error means for who runs the command."""
    if NOT_MIGRATED.search(one_line(error)):
        return NotMigrated(one_line(error))
    away = isinstance(error, OperationalError | InterfaceError)
    return (DatabaseUnavailable if away else DatabaseRefused)(one_line(error))


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """SIGTERM as Ctrl-C, so that what is under way is left in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
