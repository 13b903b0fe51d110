"""`manage.py search_capture --status|--install|--remove`: the triggers that note every change of an indexed row."""

import json
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...outbox import capture
from ..arguments import add_database
from ..base import SearchCommand

REMOVED = """\
Capture is removed: changes are not noted from now on, and the index falls behind without a sign.
To come back: manage.py search_capture --install, which queues every row. The next manage.py migrate does it too.
To note changes and only not push them, set SEARCH_PUSH=off instead of this.
To leave for good: manage.py migrate search zero, then take search out of INSTALLED_APPS."""


class Command(SearchCommand):
    """Parse, call once, report."""

    help = "Look at capture's triggers, install them, or remove them. --status exits 1 when one is absent."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_mutually_exclusive_group(required=True)
        for name, text in (
            ("status", "whether the changes of each model are captured"),
            ("install", "install what is absent or changed, and queue the rows that nobody watched"),
            ("remove", "drop all triggers: changes are not noted from then on; asks first"),
        ):
            actions.add_argument(f"--{name}", action="store_const", const=name, dest="action", help=text)
        parser.add_argument("-f", "--force", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="as JSON")
        add_database(parser)

    def handle(self, *, action: str, force: bool, database: str, **options: Any) -> None:
        if action == "remove" and not force:
            confirm()
        installed = capture.install(database) if action == "install" else []
        if action == "remove":
            capture.remove(database)
        models = dict(sorted(capture.status(database).items()))
        if options["json"]:
            self.stdout.write(json.dumps({"captured": all(models.values()), "installed": installed, "models": models}))
        elif action == "remove":
            self.stdout.write(REMOVED)
        else:
            self.report(models, installed, action)
        if action != "remove" and not all(models.values()):
            sys.exit(1)

    def report(self, models: dict[str, bool], installed: list[str], action: str) -> None:
        """A line for each model. What could not be installed lacks its tables."""
        absent = f"NOT captured: run manage.py {'migrate' if action == 'install' else 'search_capture --install'}"
        for label, captured in models.items():
            done = "installed" if label in installed else "captured"
            self.stdout.write(f"{label}: {done if captured else absent}")


def confirm() -> None:
    """Ask on a terminal; refuse without one."""
    if not sys.stdin.isatty():
        raise CommandError("--remove stops the noting of changes, and there is no terminal to ask on. Add -f.")
    if input("Stop noting changes? The index will fall behind without a sign. [y/N]: ").strip().lower() != "y":
        raise CommandError("Nothing was removed.")
