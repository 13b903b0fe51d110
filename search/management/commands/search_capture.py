"""`manage.py search_capture --status|--install|--remove`: the triggers that record every change of an indexed row."""

import json
import sys
from typing import Any

from django.apps import apps
from django.core.management.base import CommandError, CommandParser

from ...models import Entry
from ...outbox import capture
from ..arguments import add_database
from ..base import SearchCommand

REMOVED = """\
Capture is removed. Changes are no longer recorded, and the index gets out of step without an error.
To undo this: manage.py search_capture --install, which queues every row. The next manage.py migrate does the same.
To record changes without pushing them, set SEARCH_PUSH=off instead.
To uninstall: manage.py migrate {label} zero, then remove {name} from INSTALLED_APPS."""


class Command(SearchCommand):
    help = "Show, install or remove the triggers of capture. --status exits with 1 if a trigger is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_mutually_exclusive_group(required=True)
        for name, text in (
            ("status", "show whether the changes of each model are captured"),
            ("install", "install missing and changed triggers, and queue the rows that were not captured"),
            ("remove", "drop all triggers, after a confirmation: changes are no longer recorded"),
        ):
            actions.add_argument(f"--{name}", action="store_const", const=name, dest="action", help=text)
        parser.add_argument("-f", "--force", action="store_true", help="do not ask for confirmation")
        parser.add_argument("--json", action="store_true", help="print JSON")
        add_database(parser)

    def handle(self, *, action: str, force: bool, database: str, **options: Any) -> None:
        if action == "remove" and not force:
            ask_for_confirmation()
        installed = capture.install(database) if action == "install" else []
        if action == "remove":
            capture.remove(database)
        models = dict(sorted(capture.status(database).items()))
        if options["json"]:
            self.stdout.write(json.dumps({"captured": all(models.values()), "installed": installed, "models": models}))
        elif action == "remove":
            self.stdout.write(removed_text())
        else:
            self.report(models, installed, action)
        if action != "remove" and not all(models.values()):
            sys.exit(1)

    def report(self, models: dict[str, bool], installed: list[str], action: str) -> None:
        """Print a line for each model. After --install a model is not captured only if its tables are missing."""
        fix = "migrate" if action == "install" else "search_capture --install"
        for label, captured in models.items():
            state = "installed" if label in installed else "captured"
            self.stdout.write(f"{label}: {state if captured else f'NOT captured: run manage.py {fix}'}")


def removed_text() -> str:
    app_config = apps.get_app_config(Entry._meta.app_label)
    return REMOVED.format(label=app_config.label, name=app_config.name)


def ask_for_confirmation() -> None:
    """Ask on the terminal. Raise CommandError if the answer is not yes, or without a terminal."""
    if not sys.stdin.isatty():
        raise CommandError("--remove needs a confirmation, but there is no terminal. Add --force.")
    question = "Stop recording changes? The index will get out of step without an error. [y/N]: "
    if input(question).strip().lower() != "y":
        raise CommandError("Nothing was removed.")
