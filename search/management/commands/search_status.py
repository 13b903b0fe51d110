"""`manage.py search_status`: one screen that answers "is it in step?"."""

import json as json_module
import sys
from typing import Any

from django.core.management.base import CommandParser

from ...status import DocumentOverview, Overview, overview
from ..arguments import add_database
from ..base import SearchCommand


class Command(SearchCommand):
    """Print the overview; exit code 1 when it is not in step."""

    help = "Is the index in step with the database? Exit code 0 if so, 1 if not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="as JSON")
        add_database(parser)

    def handle(self, *, json: bool, database: str, **options: Any) -> None:
        found = overview(database)
        self.stdout.write(json_module.dumps(found.as_dict(), indent=2, default=str) if json else as_text(found))
        if not found.in_step:
            sys.exit(1)


def as_text(found: Overview) -> str:
    """The overview as a person reads it."""
    lines = ["in step" if found.in_step else "NOT in step"]
    for document in found.documents:
        lines += of_document(document)
    age = f", the oldest for {found.oldest_seconds} s" if found.waiting else ""
    lines.append(f"outbox: {found.waiting} waiting{age}, {found.settling} settling, {found.dead} dead")
    if found.dead:
        lines.append("  ! dead letters: see manage.py search_dead_letters list")
    lines.append(f"push: {found.push}; relays: {', '.join(found.relays) or 'none'}")
    return "\n".join(lines + [f"  ! {problem}" for problem in found.problems])


def of_document(document: DocumentOverview) -> list[str]:
    """One document's lines."""
    indexed = "?" if document.indexed is None else document.indexed
    verified = f"compared {document.verified_at:%Y-%m-%d %H:%M:%S}" if document.verified_at else "never compared"
    index = document.index or "no index"
    line = f"{document.document}: {document.rows} rows, {indexed} documents in {index}, {verified}"
    return [line, *(f"  ! {problem}" for problem in document.problems)]
