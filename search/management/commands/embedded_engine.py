"""`manage.py embedded_engine`: become the embedded engine, until SIGTERM or Ctrl-C."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from ... import embedded
from ...exceptions import SearchError
from ...mapping.registry import documents


class Command(BaseCommand):
    """Parse, look, and make way for the engine's own program, so that signals reach it."""

    help = "Run the embedded engine on loopback: for trying the project out, refused when debug is off."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.EMBEDDED_ENGINE_PORT, help="EMBEDDED_ENGINE_PORT")
        parser.add_argument("--data-dir", type=Path, default=settings.BASE_DIR / "var" / "embedded")

    def handle(self, *, port: int, data_dir: Path, **options: Any) -> None:
        embedded.refuse_in_production()
        if not port:
            raise CommandError("Give --port, or set EMBEDDED_ENGINE_PORT; script/server does so.")
        if (count := rows()) > embedded.MANY_ROWS:
            self.stderr.write(f"{count} rows are many for the embedded engine. Set ELASTICSEARCH_URL to a real one.")
        try:
            command = embedded.command(port, data_dir)
        except SearchError as error:
            raise CommandError(str(error)) from error
        data_dir.mkdir(parents=True, exist_ok=True)
        os.execv(command[0], command)  # noqa: S606  # to become it is the point


def rows() -> int:
    """How many rows are to be indexed; 0 before the first migrate."""
    try:
        return sum(document().get_queryset().count() for document in documents())
    except DatabaseError:
        return 0
