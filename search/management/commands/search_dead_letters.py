"""`manage.py search_dead_letters list|show|replay|discard`: the documents that the engine refuses."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from search.exceptions import SearchError
from search.models import Entry
from search.sync import dead_letters


class Command(BaseCommand):
    """Look at dead letters, try them again, or forget them."""

    help = "Dead letters: documents that the engine refuses for a named cause."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="which of DATABASES")
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|replay|discard")
        listed = actions.add_parser("list", help="a line each")
        listed.add_argument("--json", action="store_true", help="as JSON")
        for name, text in (("show", "all that is known"), ("replay", "push them again"), ("discard", "forget them")):
            action = actions.add_parser(name, help=text)
            action.add_argument("keys", nargs="*", metavar="KEY", help="such as orders.Order:17")
            action.add_argument("--all", action="store_true", dest="every", help="every dead letter")

    def handle(self, *, action: str, database: str, **options: Any) -> None:
        try:
            getattr(self, f"do_{action}")(database, **options)
        except SearchError as error:
            raise CommandError(str(error)) from error

    def do_list(self, using: str, **options: Any) -> None:
        """A line for each, oldest first."""
        found = dead_letters.find(None, using)
        if options["json"]:
            self.stdout.write(as_json(found))
            return
        for entry in found:
            self.stdout.write(f"{entry.key}  {entry.first_changed_at:%Y-%m-%d %H:%M:%S}  {entry.last_error}")
        self.stdout.write(f"{len(found)} dead")

    def do_show(self, using: str, *, keys: list[str], every: bool, **options: Any) -> None:
        """All that the outbox knows of them."""
        self.stdout.write(as_json(dead_letters.find(chosen(keys, every), using)))

    def do_replay(self, using: str, *, keys: list[str], every: bool, **options: Any) -> None:
        """Push them again."""
        self.stdout.write(f"{dead_letters.replay(chosen(keys, every), using)} to be pushed again")

    def do_discard(self, using: str, *, keys: list[str], every: bool, **options: Any) -> None:
        """Forget them."""
        self.stdout.write(f"{dead_letters.discard(chosen(keys, every), using)} discarded")


def chosen(keys: list[str], every: bool) -> list[str] | None:
    """The keys, or None for all; exactly one of both must be given."""
    if bool(keys) == every:
        raise CommandError("Give the keys of dead letters, or --all.")
    return None if every else keys


def as_json(entries: Any) -> str:
    """The entries as a JSON array."""
    names = [field.name for field in Entry._meta.fields]
    return json.dumps([{name: getattr(entry, name) for name in names} for entry in entries], default=str, indent=2)
