"""`manage.py search_status`: one screen that says whether the index is in step with the database."""

import json as json_module
import sys
from typing import Any

from django.core.management.base import CommandParser

from ...status import DocumentStatus, SearchStatus, search_status
from ..arguments import add_database
from ..base import SearchCommand


class Command(SearchCommand):
    help = "Show whether the index is in step with the database. Exit code: 0 if so, 1 if not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")
        add_database(parser)

    def handle(self, *, json: bool, database: str, **options: Any) -> None:
        status = search_status(database)
        self.stdout.write(json_module.dumps(status.as_dict(), indent=2, default=str) if json else as_text(status))
        if not status.in_step:
            sys.exit(1)


def as_text(status: SearchStatus) -> str:
    lines = ["in step" if status.in_step else "NOT in step"]
    for document in status.documents:
        lines += document_lines(document)
    age = f", the oldest for {status.oldest_seconds} s" if status.pending else ""
    lines.append(f"outbox: {status.pending} pending{age}, {status.settling} settling, {status.dead} dead")
    if status.dead:
        lines.append("  ! dead letters: see manage.py search_dead_letters list")
    lines.append(f"push: {status.push}; relays: {', '.join(status.relays) or 'none'}")
    return "\n".join(lines + [f"  ! {problem}" for problem in status.problems])


def document_lines(document: DocumentStatus) -> list[str]:
    indexed = "?" if document.indexed is None else document.indexed
    verified = f"compared {document.verified_at:%Y-%m-%d %H:%M:%S}" if document.verified_at else "never compared"
    index = document.index or "no index"
    line = f"{document.document}: {document.rows} rows, {indexed} documents in {index}, {verified}"
    return [line, *(f"  ! {problem}" for problem in document.problems)]
