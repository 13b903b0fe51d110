"""`manage.py search_status`: one screen that answers "is it in step?"."""

import json as json_module
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DEFAULT_DB_ALIAS

from search.overview import Overview, overview


class Command(BaseCommand):
    """Print the overview; exit code 1 when it is not in step."""

    help = "Is the index in step with the database? Exit code 0 if so, 1 if not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="as JSON")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="which of DATABASES")

    def handle(self, *, json: bool, database: str, **options: Any) -> None:
        found = overview(database)
        self.stdout.write(json_module.dumps(found.as_dict(), indent=2) if json else as_text(found))
        if not found.in_step:
            sys.exit(1)


def as_text(found: Overview) -> str:
    """The overview as a person reads it."""
    lines = ["in step" if found.in_step else "NOT in step"]
    for document in found.documents:
        indexed = "?" if document.indexed is None else document.indexed
        lines.append(
            f"{document.document}: {indexed} documents in {document.index or 'no index'}, {document.rows} rows"
        )
        lines += [f"  ! {problem}" for problem in document.problems]
    age = f", the oldest for {found.oldest_seconds} s" if found.waiting else ""
    lines.append(f"outbox: {found.waiting} waiting{age}, {found.settling} settling, {found.dead} dead")
    lines.append(f"relays: {', '.join(found.relays) or 'none'}")
    return "\n".join(lines + [f"  ! {problem}" for problem in found.problems])
