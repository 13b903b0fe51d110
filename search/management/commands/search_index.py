"""`manage.py search_index`: create, fill, rebuild, inspect and delete the indices.

Takes the options of django-elasticsearch-dsl's command of the same name. The differences: --create can be repeated,
--rebuild never removes what is searched and so does not ask, and an index always has an alias.
"""

import json
import sys
from collections.abc import Collection
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...exceptions import IncompatibleOptions, NothingToDo
from ...indices.aliases import alias_of
from ...mapping.base import VersionedDocument
from ...mapping.registry import select_documents
from ..arguments import add_database, age, condition, date_or_age, positive_int, positive_number
from ..base import SearchCommand
from ..index_actions import ACTIONS, LIMITED_OPTIONS, Action, Result
from ..progress import ProgressBar


class Command(SearchCommand):
    """Run one action for each document."""

    help = "Create, fill, rebuild, inspect or delete the indices of the registered documents."
    interrupted_message = "Interrupted. Run `manage.py search_index --resume` to continue an interrupted rebuild."

    def add_arguments(self, parser: CommandParser) -> None:
        for name, action in ACTIONS.items():
            parser.add_argument(f"--{name}", dest="actions", action="append_const", const=name, help=action.help)
        add_database(parser)
        add = parser.add_argument
        add("--models", nargs="*", metavar="app[.model]", help="only these models or apps")
        add("-f", dest="force", action="store_true", help="delete without asking")
        add("--dry-run", action="store_true", help="say what would be done, and change nothing")
        add("--json", action="store_true", help="print one JSON document")
        add("--where", action="append", type=condition, metavar="FIELD=VALUE", help="only rows with this value")
        add("--since", type=date_or_age, metavar="WHEN", help="only rows changed since 2026-11-24T04:25, or 12h ago")
        add("--pks", nargs="+", metavar="PK", help="only rows with these primary keys")
        add("--batch-size", type=positive_int, default=0, metavar="N", help="rows read at once")
        add("--workers", type=positive_int, default=0, metavar="N", help="processes that fill the index (PostgreSQL)")
        add("--throttle", type=positive_number, default=0, metavar="N", help="documents a second at most")
        add("--standby", "--use-alias-keep-index", action="store_true", help="keep the old index for --rollback")
        add("--older-than", type=age, metavar="AGE", help="prune only what is older than 7d, standby indices too")
        add("--refresh", action="store_true", help="make populated documents searchable at once; a rebuild always does")
        add("--parallel", action="store_true", default=None, help="ignored (compatibility): the default if faster")
        add("--no-parallel", action="store_false", dest="parallel", help="one worker")
        add("--use-alias", action="store_true", help="ignored (compatibility): an index always has an alias")
        add("--no-count", action="store_true", help="ignored (compatibility): counting is cheap")

    def handle(self, *, actions: list[str] | None, models: list[str] | None, **options: Any) -> None:
        self.options = options
        name = selected_action(actions, options)
        documents = select_documents(models)
        if name == "delete" and not (options["force"] or options["dry_run"]):
            self.confirm_delete(documents)
        results = self.run_all(ACTIONS[name], documents)
        if options["json"]:
            self.stdout.write(json.dumps({"action": name, "results": results}, indent=2, default=str))
        if any(result.get("problems") for result in results):
            raise CommandError("The check found problems.")

    def run_all(self, action: type[Action], documents: Collection[type[VersionedDocument]]) -> list[dict[str, Any]]:
        """Run the action for each document. NothingToDo is raised only if it is true of all of them."""
        results: list[dict[str, Any]] = []
        idle: list[NothingToDo] = []
        for document in documents:
            alias = alias_of(document)
            try:
                result = self.run_one(action, document)
            except NothingToDo as error:
                idle.append(error)
                continue
            results.append({"alias": alias} | result.data)
            if not self.options["json"] and self.options["verbosity"] > 0:
                for line in result.lines:
                    self.stdout.write(f"{alias}: {line}")
        if idle and not results:
            raise idle[0]
        return results

    def run_one(self, action: type[Action], document: type[VersionedDocument]) -> Result:
        if self.options["dry_run"]:
            plan = action(document, self.options).plan()
            return Result({"plan": plan}, [plan])
        with ProgressBar(self.stderr, alias_of(document), verbosity=self.options["verbosity"]) as bar:
            return action(document, self.options, bar.show).run()

    def confirm_delete(self, documents: Collection[type[VersionedDocument]]) -> None:
        """Ask on a terminal; raise CommandError without one or without a yes."""
        names = ", ".join(alias_of(document) for document in documents)
        if not sys.stdin.isatty():
            raise CommandError(f"--delete deletes the indices of {names}, and there is no terminal to ask on. Add -f.")
        self.stderr.write(f"Delete the indices of {names}? [y/N]: ", str, ending="")
        self.stderr.flush()
        if sys.stdin.readline().strip().lower() != "y":
            raise CommandError("Nothing was deleted.")


def selected_action(actions: list[str] | None, options: dict[str, Any]) -> str:
    """Return the one action of the command line. Raise CommandError or IncompatibleOptions."""
    names = list(dict.fromkeys(actions or []))
    if len(names) != 1:
        choices = ", ".join(f"--{name}" for name in ACTIONS)
        raise CommandError(f"Give one of {choices}{f'; not {len(names)} of them' if names else ''}.")
    for option in LIMITED_OPTIONS:
        is_given = options[option] not in (None, False, 0)  # --older-than 0s is given: a timedelta is not equal to 0
        if is_given and option not in ACTIONS[names[0]].applicable:
            raise IncompatibleOptions(f"--{option.replace('_', '-')} does not apply to --{names[0]}")
    return names[0]
