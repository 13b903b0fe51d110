"""`manage.py search_index`: make, fill, rebuild and delete the indices.

Takes the flags of django-elasticsearch-dsl's command of the same name. What differs: --create twice is harmless,
--rebuild removes nothing that is searched and so does not ask, and the indices always stand behind an alias.
"""

import sys
from collections.abc import Collection
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.exceptions import SearchError, UnknownModel
from search.index import indices
from search.index.backfill import populate
from search.index.engine import client, engine_errors
from search.index.rebuild import rebuild
from search.versioned import VersionedDocument, documents

ACTIONS = {
    "create": "make an index behind the alias; harmless when there is one",
    "populate": "write all rows to the index that is there",
    "rebuild": "fill a new index beside the live one, and swap it in when it is complete",
    "delete": "delete the indices and their alias; asks first",
}
# Flags of django-elasticsearch-dsl that are taken, since scripts give them, and change nothing here.
ALREADY_SO = {
    "--use-alias": "always so",
    "--no-count": "the count is reported, never taken beforehand",
}


class Command(BaseCommand):
    """Parse, call once for each document, report."""

    help = "Make, fill, rebuild or delete the indices of the registered documents."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_mutually_exclusive_group(required=True)
        for action, text in ACTIONS.items():
            actions.add_argument(f"--{action}", dest="action", action="store_const", const=action, help=text)
        parser.add_argument("--models", nargs="*", metavar="app[.model]", help="only these models or apps")
        parser.add_argument("-f", dest="force", action="store_true", help="delete without asking")
        parser.add_argument("--refresh", action="store_true", help="make what was written visible at once")
        parser.add_argument("--parallel", action="store_true", help="several workers where the database allows it")
        parser.add_argument("--no-parallel", action="store_false", dest="parallel", help="one worker")
        parser.add_argument(
            "--use-alias-keep-index", action="store_true", help="keep the index that a rebuild replaces"
        )
        for flag, text in ALREADY_SO.items():
            parser.add_argument(flag, action="store_true", help=text)

    def handle(self, *, action: str, models: list[str] | None, **options: Any) -> None:
        try:
            chosen = choose(models)
            if action == "delete" and not options["force"]:
                self.confirm(chosen)
            for document in chosen:
                getattr(self, action)(document, options)
        except SearchError as error:
            raise CommandError(str(error)) from error

    def create(self, document: type[VersionedDocument], options: dict[str, Any]) -> None:
        alias = indices.alias_of(document)
        created = indices.create(document)
        if created.made:
            self.stdout.write(f"{alias}: made {created.name}")
        else:
            self.stdout.write(f"{alias}: {created.name} is there already")
        if created.replaced:
            self.stdout.write(f"{alias}: the database took {created.replaced} for live; run search_index --rebuild")
        if waiting := rows_waiting(document, created.name):
            rows = "1 row waits" if waiting == 1 else f"{waiting} rows wait"
            self.stdout.write(f"{alias}: {rows} to be indexed; run manage.py search_index --rebuild")

    def populate(self, document: type[VersionedDocument], options: dict[str, Any]) -> None:
        done = populate(document, refresh=options["refresh"])
        self.stdout.write(f"{indices.alias_of(document)}: indexed {done.indexed} into {done.name}")

    def rebuild(self, document: type[VersionedDocument], options: dict[str, Any]) -> None:
        alias = indices.alias_of(document)
        built = rebuild(document, keep=options["use_alias_keep_index"])
        self.stdout.write(f"{alias}: indexed {built.indexed} into {built.name}, which is live now")
        if built.replaced:
            fate = "stands by" if options["use_alias_keep_index"] else "is deleted"
            self.stdout.write(f"{alias}: {built.replaced} {fate}")

    def delete(self, document: type[VersionedDocument], options: dict[str, Any]) -> None:
        alias = indices.alias_of(document)
        names = indices.delete(alias)
        self.stdout.write(f"{alias}: deleted {', '.join(names)}" if names else f"{alias}: there was no index")

    def confirm(self, chosen: Collection[type[VersionedDocument]]) -> None:
        """Ask on a terminal; refuse without one."""
        names = ", ".join(indices.alias_of(document) for document in chosen)
        if not sys.stdin.isatty():
            raise CommandError(f"--delete deletes the indices of {names}, and there is no terminal to ask on. Add -f.")
        if input(f"Delete the indices of {names}? [y/N]: ").strip().lower() != "y":
            raise CommandError("Nothing was deleted.")


def choose(names: list[str] | None) -> list[type[VersionedDocument]]:
    """The documents of these models or apps, or all; UnknownModel names the first that has none."""
    if not names:
        return documents()
    chosen: dict[type[VersionedDocument], None] = {}
    for name in names:
        found = [document for document in documents() if name.lower() in names_of(document)]
        if not found:
            raise UnknownModel(name)
        chosen |= dict.fromkeys(found)
    return list(chosen)


def names_of(document: type[VersionedDocument]) -> tuple[str, str]:
    """What --models may call the document: its app, or its app and model."""
    meta = document.django.model._meta
    return meta.app_label, meta.label_lower


def rows_waiting(document: type[VersionedDocument], name: str) -> int:
    """How many rows the index lacks, by count."""
    with engine_errors():
        client().indices.refresh(index=name)
        counted: int = client().count(index=name)["count"]
    return max(0, document().get_queryset().count() - counted)
