"""`manage.py search_drift`: whether index and database agree, and what differs; with --repair makes them agree.

Exit code 0: in step. 1: drift was found (and, with --repair, not all of it is confirmed yet). 2: could not look.
"""

import json
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from ...drift.row_diff import Kind
from ...drift.run import Inspection, inspect
from ...drift.watch import watch
from ...exceptions import SearchError
from ...mapping.registry import select_documents
from ...rebuild.populate import microseconds
from ..arguments import date_or_age, positive_number
from ..base import SearchCommand, from_database_error, one_line

SHOWN = 20  # ids of a kind that the text names; --json names more


class Command(SearchCommand):
    """Parse, look once or for ever, report."""

    help = "Compare index and database; exit 0 in step, 1 drift, 2 could not look."
    error_code = 2
    error_prefix = "Could not look: "

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("--models", nargs="*", metavar="app[.model]", help="only these models or apps")
        add("--deep", action="store_true", help="compare contents too: finds what was altered in the engine by hand")
        add("--since", type=date_or_age, metavar="WHEN", help="only what changed since 2026-11-24T04:25, or 12h ago")
        add("--repair", action="store_true", help="push again what is missing or stale, delete what is orphaned")
        add(
            "--watch",
            type=positive_number,
            metavar="SECONDS",
            help="look again and again, at most one fifth of the time",
        )
        add("--json", action="store_true", help="one JSON document on standard output, a line each with --watch")

    def handle(self, *, models: list[str] | None, **options: Any) -> None:
        self.options = options
        chosen = select_documents(models)
        if seconds := options["watch"]:
            self.watch(chosen, seconds)
            return
        found = [inspect(document, **self.how()) for document in chosen]
        self.report(found)
        if not all(one.settled for one in found):
            sys.exit(1)

    def watch(self, chosen: list[Any], seconds: float) -> None:
        """Look until Ctrl-C or SIGTERM; what fails is said, and tried again."""
        with suppress(KeyboardInterrupt):
            for found in watch(chosen, seconds, **self.how()):
                if isinstance(found, Exception):
                    known = found if isinstance(found, SearchError) else from_database_error(found)
                    self.stderr.write(self.error_prefix + one_line(known))
                else:
                    self.report(found)

    def how(self) -> dict[str, Any]:
        """What the flags say of how to look."""
        since: datetime | None = self.options["since"]
        return {
            "deep": self.options["deep"],
            "repairs": self.options["repair"],
            "since": microseconds(since) if since else 0,
        }

    def report(self, found: list[Inspection]) -> None:
        """Say what was found."""
        if self.options["json"]:
            indent = None if self.options["watch"] else 2
            answer = {"in_step": all(one.settled for one in found), "documents": [one.as_json() for one in found]}
            self.stdout.write(json.dumps(answer, indent=indent))
        elif self.options["verbosity"] > 0:
            for one in found:
                self.stdout.write("\n".join(lines(one)))


def lines(one: Inspection) -> list[str]:
    """One document's inspection as text."""
    report = one.report
    counts = [f"{count} {kind}" for kind, count in report.counts.items() if count]
    verdict = ", ".join(counts if not report.in_step else ["in step", *counts])
    found = [f"{one.alias}: {report.rows} rows, {report.documents} documents, {verdict}"]
    for kind in (Kind.MISSING, Kind.STALE, Kind.ORPHANED, Kind.ALTERED):
        if ids := report.ids[kind]:
            more = f" and {report.counts[kind] - SHOWN} more" if report.counts[kind] > SHOWN else ""
            found.append(f"  {kind}: {', '.join(ids[:SHOWN])}{more}")
    if one.repaired is not None and not report.in_step:
        found.append(f"  repaired: {one.repaired} of {report.drifted}")
    return found
