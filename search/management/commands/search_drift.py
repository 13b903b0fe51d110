"""`manage.py search_drift`: compare index and database, report what differs, and repair it with --repair.

Exit code 0: in step. 1: drift was found (with --repair: and not all of it is repaired and confirmed). 2: not compared.
"""

import json
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.db import Error as DatabaseError

from ...drift.row_diff import DriftKind
from ...drift.run import DriftRun, check_drift, watch
from ...exceptions import SearchError
from ...mapping.base import VersionedDocument
from ...mapping.registry import select_documents
from ...rebuild.populate import microseconds
from ..arguments import add_database, date_or_age, positive_number
from ..base import SearchCommand, from_database_error, one_line

MAX_PRINTED_IDS = 20  # of each kind; --json prints more


class Command(SearchCommand):
    help = "Compare index and database. Exit code: 0 in step, 1 drift, 2 could not compare."
    error_code = 2
    error_prefix = "Could not compare: "

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("--models", nargs="*", metavar="app[.model]", help="only these models or apps")
        add("--deep", action="store_true", help="compare contents too: finds documents altered in Elasticsearch")
        add("--since", type=date_or_age, metavar="MOMENT", help="only rows changed since 2026-11-24T04:25, or 12h ago")
        add("--repair", action="store_true", help="push missing, stale and altered rows again, delete orphans")
        add(
            "--watch",
            type=positive_number,
            metavar="SECONDS",
            help="compare every SECONDS until interrupted, for at most a fifth of the time",
        )
        add("--json", action="store_true", help="print JSON, with --watch one line for each comparison")
        add_database(parser)

    def handle(self, *, models: list[str] | None, **options: Any) -> None:
        self.options = options
        documents = select_documents(models)
        if interval := options["watch"]:
            with suppress(KeyboardInterrupt):
                watch(lambda: self.try_to_compare(documents), interval)
        elif not self.compare(documents):
            sys.exit(1)

    def compare(self, documents: list[type[VersionedDocument]]) -> bool:
        """Compare once and report; return whether no drift is left."""
        runs = [self.check_document(document) for document in documents]
        self.report(runs)
        return all(drift_run.resolved for drift_run in runs)

    def try_to_compare(self, documents: list[type[VersionedDocument]]) -> None:
        """Compare once, and report an expected error instead of raising it: the next comparison may succeed."""
        try:
            self.compare(documents)
        except SearchError as error:
            self.stderr.write(self.error_prefix + one_line(error))
        except DatabaseError as error:
            self.stderr.write(self.error_prefix + one_line(from_database_error(error)))

    def check_document(self, document: type[VersionedDocument]) -> DriftRun:
        since: datetime | None = self.options["since"]
        return check_drift(
            document,
            self.options["database"],
            deep=self.options["deep"],
            with_repair=self.options["repair"],
            since=microseconds(since) if since else 0,
        )

    def report(self, runs: list[DriftRun]) -> None:
        if self.options["json"]:
            indent = None if self.options["watch"] else 2
            in_step = all(drift_run.resolved for drift_run in runs)
            result = {"in_step": in_step, "documents": [drift_run.as_json() for drift_run in runs]}
            self.stdout.write(json.dumps(result, indent=indent))
        elif self.options["verbosity"] > 0:
            for drift_run in runs:
                self.stdout.write("\n".join(report_lines(drift_run)))


def report_lines(drift_run: DriftRun) -> list[str]:
    report = drift_run.report
    counts = [f"{count} {kind}" for kind, count in report.counts.items() if count]
    verdict = ", ".join(counts if not report.in_step else ["in step", *counts])
    lines = [f"{drift_run.alias}: {report.rows} rows, {report.documents} documents, {verdict}"]
    for kind in (DriftKind.MISSING, DriftKind.STALE, DriftKind.ORPHANED, DriftKind.ALTERED):
        if ids := report.ids[kind]:
            more = report.counts[kind] - MAX_PRINTED_IDS
            lines.append(f"  {kind}: {', '.join(ids[:MAX_PRINTED_IDS])}{f' and {more} more' if more > 0 else ''}")
    if drift_run.repaired is not None and not report.in_step:
        lines.append(f"  repaired: {drift_run.repaired} of {report.drifted}")
    return lines
