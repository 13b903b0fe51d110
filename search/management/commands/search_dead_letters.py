"""`manage.py search_dead_letters list|show|replay|discard`: the documents that Elasticsearch refused."""

import json
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from django.core.management.base import CommandError, CommandParser

from ...models import Entry
from ...outbox import dead_letters
from ..arguments import add_database
from ..base import SearchCommand


class Result(NamedTuple):
    """The result of an action, for a program and for a person."""

    data: Any
    lines: list[str]


def list_entries(keys: Collection[str] | None, using: str) -> Result:
    entries = dead_letters.find(keys, using)
    lines = [f"{entry.key}  {entry.first_changed_at:%Y-%m-%d %H:%M:%S}  {entry.last_error}" for entry in entries]
    return Result([as_dict(entry) for entry in entries], [*lines, f"{len(entries)} dead"])


def show(keys: Collection[str] | None, using: str) -> Result:
    entries = [as_dict(entry) for entry in dead_letters.find(keys, using)]
    lines = [f"{name}: {value}" for entry in entries for name, value in entry.items()]
    return Result(entries, lines or ["0 dead"])


def replay(keys: Collection[str] | None, using: str) -> Result:
    replayed = dead_letters.replay(keys, using)
    return Result({"replayed": replayed}, [f"{replayed} to be pushed again"])


def discard(keys: Collection[str] | None, using: str) -> Result:
    discarded = dead_letters.discard(keys, using)
    return Result({"discarded": discarded}, [f"{discarded} discarded"])


class Action(NamedTuple):
    run: Callable[[Collection[str] | None, str], Result]
    help: str


ACTIONS = {
    "list": Action(list_entries, "print one line for each dead letter, the oldest first"),
    "show": Action(show, "print all fields of the outbox entries"),
    "replay": Action(replay, "push the documents again, after the cause was fixed"),
    "discard": Action(discard, "delete the entries: the index keeps its documents until the rows change again"),
}


class Command(SearchCommand):
    help = "List, show, replay or discard dead letters: documents that Elasticsearch refused for a known cause."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.called_from_command_line = False  # so that the actions' parsers raise errors too, instead of exiting
        add_database(parser)
        actions = parser.add_subparsers(dest="action", required=True, metavar="|".join(ACTIONS))
        for name, action in ACTIONS.items():
            subparser = actions.add_parser(name, help=action.help)
            subparser.add_argument("--json", action="store_true", help="print JSON")
            if name != "list":
                subparser.add_argument("keys", nargs="*", metavar="KEY", help="such as shop.Item:17")
                subparser.add_argument("--all", action="store_true", dest="every", help="every dead letter")

    def handle(self, *, action: str, database: str, json: bool, **options: Any) -> None:
        keys = None if action == "list" else selected_keys(options["keys"], options["every"])
        result = ACTIONS[action].run(keys, database)
        self.stdout.write(as_json(result.data) if json else "\n".join(result.lines))


def selected_keys(keys: list[str], every: bool) -> list[str] | None:
    """Return the keys, or None for all. Raise CommandError unless exactly one of both is given."""
    if bool(keys) == every:
        raise CommandError("Give the keys of dead letters, or --all.")
    return None if every else keys


def as_dict(entry: Entry) -> dict[str, Any]:
    return {field.name: getattr(entry, field.name) for field in Entry._meta.fields}


def as_json(data: Any) -> str:
    return json.dumps(data, default=str, indent=2)
