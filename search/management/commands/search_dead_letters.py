"""`manage.py search_dead_letters list|show|replay|discard`: the documents that the engine refuses."""

import json
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...models import Entry
from ...outbox import dead_letters
from ..arguments import add_database
from ..base import SearchCommand

ACTIONS = {
    "list": "a line each, the oldest first",
    "show": "all that is known of them",
    "replay": "push them again, since what they were refused for is mended",
    "discard": "forget them: the index keeps what it has until the next change",
}


class Command(SearchCommand):
    """Look at dead letters, try them again, or forget them."""

    help = "Dead letters: documents that the engine refuses for a named cause."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.called_from_command_line = False  # also the parser of each action raises what is wrong
        add_database(parser)
        actions = parser.add_subparsers(dest="action", required=True, metavar="|".join(ACTIONS))
        for name, text in ACTIONS.items():
            action = actions.add_parser(name, help=text)
            action.add_argument("--json", action="store_true", help="as JSON")
            if name != "list":
                action.add_argument("keys", nargs="*", metavar="KEY", help="such as orders.Order:17")
                action.add_argument("--all", action="store_true", dest="every", help="every dead letter")

    def handle(self, *, action: str, database: str, **options: Any) -> None:
        keys = None if action == "list" else chosen(options["keys"], options["every"])
        self.json = options["json"]
        getattr(self, f"do_{action}")(keys, database)

    def do_list(self, keys: None, using: str) -> None:
        """A line for each."""
        found = dead_letters.find(keys, using)
        lines = [f"{entry.key}  {entry.first_changed_at:%Y-%m-%d %H:%M:%S}  {entry.last_error}" for entry in found]
        self.say([as_dict(entry) for entry in found], [*lines, f"{len(found)} dead"])

    def do_show(self, keys: list[str] | None, using: str) -> None:
        """All that the outbox knows of them."""
        found = [as_dict(entry) for entry in dead_letters.find(keys, using)]
        lines = [f"{name}: {value}" for entry in found for name, value in entry.items()]
        self.say(found, lines or ["0 dead"])

    def do_replay(self, keys: list[str] | None, using: str) -> None:
        """Push them again."""
        replayed = dead_letters.replay(keys, using)
        self.say({"replayed": replayed}, [f"{replayed} to be pushed again"])

    def do_discard(self, keys: list[str] | None, using: str) -> None:
        """Forget them."""
        discarded = dead_letters.discard(keys, using)
        self.say({"discarded": discarded}, [f"{discarded} discarded"])

    def say(self, answer: Any, lines: Iterable[str]) -> None:
        """The answer, for a program or a person."""
        self.stdout.write(json.dumps(answer, default=str, indent=2) if self.json else "\n".join(lines))


def chosen(keys: list[str], every: bool) -> list[str] | None:
    """The keys, or None for all; exactly one of both must be given."""
    if bool(keys) == every:
        raise CommandError("Give the keys of dead letters, or --all.")
    return None if every else keys


def as_dict(entry: Entry) -> dict[str, Any]:
    """An entry, by field."""
    return {each.name: getattr(entry, each.name) for each in Entry._meta.fields}
