"""`manage.py search_index`: make, fill, rebuild, inspect and delete the indices.

Takes the flags of django-elasticsearch-dsl's command of the same name. What differs: --create twice is harmless,
--rebuild removes nothing that is searched and so does not ask, and the indices always stand behind an alias.
"""

import json
import sys
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...exceptions import IncompatibleOptions, NothingToDo
from ...indices import catalog, lifecycle, swap, validation
from ...mapping.base import VersionedDocument
from ...mapping.registry import select_documents
from ...rebuild import dry_run
from ...rebuild.populate import choice, populate
from ...rebuild.rebuild import Options, Rebuilt, no_report, rebuild, resume
from ..arguments import age, condition, moment, positive_int, positive_number
from ..base import OneLineCommand
from ..progress import ProgressBar

Document = type[VersionedDocument]
Answer = dict[str, Any]
ACTIONS = {
    "create": "make an index behind the alias; harmless when there is one",
    "populate": "write rows again to the index that is there",
    "rebuild": "fill a new index beside the live one, and swap it in when it is complete",
    "resume": "go on with an interrupted rebuild",
    "rollback": "let the index that stands by be live again",
    "prune": "delete indices that are over: retired, abandoned, left over",
    "delete": "delete the indices and their alias; asks first",
    "adopt": "keep a plain index of the alias's name in step, until a rebuild replaces it",
    "check": "whether the live index fits the code, and all that keeps it in step is there",
    "list": "every index, its state, size and age",
}
# With which actions a flag means something. Those of django-elasticsearch-dsl that are always so are not in here.
MEANS = {
    "where": {"populate"},
    "since": {"populate"},
    "pks": {"populate"},
    "older_than": {"prune"},
    "standby": {"rebuild", "resume"},
    "workers": {"rebuild", "resume"},
    "batch_size": {"populate", "rebuild", "resume"},
    "throttle": {"populate", "rebuild", "resume"},
    "dry_run": set(ACTIONS) - {"check", "list"},
}


class Command(OneLineCommand):
    """Parse, call once for each document, report."""

    help = "Make, fill, rebuild, inspect or delete the indices of the registered documents."
    interrupted = "Interrupted. An interrupted rebuild goes on with `manage.py search_index --resume`."

    def add_arguments(self, parser: CommandParser) -> None:
        for action, text in ACTIONS.items():
            parser.add_argument(f"--{action}", dest="actions", action="append_const", const=action, help=text)
        add = parser.add_argument
        add("--models", nargs="*", metavar="app[.model]", help="only these models or apps")
        add("-f", dest="force", action="store_true", help="delete without asking")
        add("--dry-run", action="store_true", help="say what would be done, and do nothing")
        add("--json", action="store_true", help="one JSON document on standard output")
        add("--where", action="append", type=condition, metavar="FIELD=VALUE", help="only rows of this value")
        add("--since", type=moment, metavar="MOMENT", help="only rows changed since 2026-11-24T04:25, or 12h ago")
        add("--pks", nargs="+", metavar="PK", help="only rows of these primary keys")
        add("--batch-size", type=positive_int, default=0, metavar="N", help="rows read at once")
        add("--workers", type=positive_int, default=0, metavar="N", help="processes that fill (PostgreSQL)")
        add("--throttle", type=positive_number, default=0, metavar="N", help="documents a second at most")
        add("--standby", "--use-alias-keep-index", action="store_true", help="keep the old index ready for --rollback")
        add("--older-than", type=age, metavar="AGE", help="prune only what is older than 7d, standbys too")
        add("--refresh", action="store_true", help="make what was written visible at once; a rebuild always does")
        add("--parallel", action="store_true", default=None, help="several workers; so by default where it gains")
        add("--no-parallel", action="store_false", dest="parallel", help="one worker")
        add("--use-alias", action="store_true", help="always so")
        add("--no-count", action="store_true", help="taken and ignored: counting costs little")

    def handle(self, *, actions: list[str] | None, models: list[str] | None, **options: Any) -> None:
        self.options = options
        action = one_of(actions, options)
        chosen = select_documents(models)
        if action == "delete" and not (options["force"] or options["dry_run"]):
            self.confirm(chosen)
        answers = self.run_all(action, chosen)
        if options["json"]:
            self.stdout.write(json.dumps({"action": action, "results": answers}, indent=2, default=str))
        if any(answer.get("problems") for answer in answers):
            raise CommandError("The index does not fit.")

    def run_all(self, action: str, chosen: Collection[Document]) -> list[Answer]:
        """Do it for each document. One that has nothing to resume or the like stops it only when all have nothing."""
        run = self.plan if self.options["dry_run"] else self.run_one
        answers, idle = [], []
        for document in chosen:
            try:
                answers.append(run(action, document))
            except NothingToDo as error:
                idle.append(error)
        if idle and not answers:
            raise idle[0]
        return answers

    def run_one(self, action: str, document: Document) -> Answer:
        """Do it for one document."""
        answer: Answer = getattr(self, f"do_{action}")(document, lifecycle.alias_of(document))
        return {"alias": lifecycle.alias_of(document)} | answer

    def say(self, alias: str, text: str) -> None:
        """One line, unless silence or JSON was asked for."""
        if not self.options["json"] and self.options["verbosity"] > 0:
            self.stdout.write(f"{alias}: {text}")

    def plan(self, action: str, document: Document) -> Answer:
        """Say what it would do."""
        arguments: dict[str, list[Any]] = {
            "populate": [self.choice(document)],
            "prune": [self.options["older_than"]],
            "rebuild": [self.rebuild_options()],
        }
        text = getattr(dry_run, action)(document, "default", *arguments.get(action, []))
        self.say(lifecycle.alias_of(document), text)
        return {"alias": lifecycle.alias_of(document), "plan": text}

    def do_create(self, document: Document, alias: str) -> Answer:
        created = lifecycle.create(document)
        self.say(alias, f"made {created.name}" if created.made else f"{created.name} is there already")
        if created.replaced:
            self.say(alias, f"the database took {created.replaced} for live; run manage.py search_drift --repair")
        waiting = lifecycle.rows_waiting(document, created.name)
        if waiting:
            count = "1 row waits" if waiting == 1 else f"{waiting} rows wait"
            self.say(alias, f"{count} to be indexed; run manage.py search_index --rebuild")
        return asdict(created) | {"waiting": waiting}

    def do_populate(self, document: Document, alias: str) -> Answer:
        bar = self.bar(alias)
        options = self.rebuild_options(bar)
        try:
            indexed = populate(document, chosen=self.choice(document), refresh=self.options["refresh"], options=options)
        finally:
            bar.close()
        self.say(alias, f"indexed {indexed}")
        return {"indexed": indexed}

    def do_rebuild(self, document: Document, alias: str) -> Answer:
        return self.rebuilt(rebuild, document, alias)

    def do_resume(self, document: Document, alias: str) -> Answer:
        return self.rebuilt(resume, document, alias)

    def rebuilt(self, function: Any, document: Document, alias: str) -> Answer:
        bar = self.bar(alias)
        try:
            done: Rebuilt = function(document, options=self.rebuild_options(bar))
        finally:
            bar.close()
        self.say(alias, f"indexed {done.indexed} into {done.name}, which is live now")
        if done.replaced:
            self.say(alias, f"{done.replaced} {'stands by' if done.stands_by else 'is deleted'}")
        return asdict(done)

    def do_rollback(self, document: Document, alias: str) -> Answer:
        live, standby = swap.rollback(alias)
        self.say(alias, f"{live} is live, {standby} stands by")
        return {"live": live, "standby": standby}

    def do_prune(self, document: Document, alias: str) -> Answer:
        names = catalog.prune(document, age=self.options["older_than"])
        self.say(alias, f"deleted {', '.join(names)}" if names else "nothing is over")
        return {"deleted": names}

    def do_delete(self, document: Document, alias: str) -> Answer:
        names = lifecycle.delete(alias)
        self.say(alias, f"deleted {', '.join(names)}" if names else "there is no index")
        return {"deleted": names}

    def do_adopt(self, document: Document, alias: str) -> Answer:
        swap.adopt(alias)
        self.say(alias, "the plain index is written from now on; run manage.py search_index --rebuild to replace it")
        return {"adopted": alias}

    def do_check(self, document: Document, alias: str) -> Answer:
        found = validation.problems(document)
        for problem in found or ["fits"]:
            self.say(alias, problem)
        return {"problems": found}

    def do_list(self, document: Document, alias: str) -> Answer:
        found = catalog.catalog(document)
        for one in found:
            self.say(alias, catalog.line(one))
        if not found:
            self.say(alias, "there is no index")
        return {"indices": [asdict(one) for one in found]}

    def rebuild_options(self, bar: ProgressBar | None = None) -> Options:
        """What the flags say of how to fill."""
        return Options(
            standby=self.options["standby"],
            workers=1 if self.options["parallel"] is False else self.options["workers"],
            batch_size=self.options["batch_size"],
            throttle=self.options["throttle"],
            report=bar.show if bar else no_report,
        )

    def bar(self, alias: str) -> ProgressBar:
        """The progress of filling one index."""
        return ProgressBar(self.stderr, alias, verbosity=self.options["verbosity"])

    def choice(self, document: Document) -> Any:
        """The rows that the flags choose."""
        return choice(document, **{name: self.options[name] for name in ("where", "since", "pks")})

    def confirm(self, chosen: Collection[Document]) -> None:
        """Ask on a terminal; refuse without one."""
        names = ", ".join(lifecycle.alias_of(document) for document in chosen)
        if not sys.stdin.isatty():
            raise CommandError(f"--delete deletes the indices of {names}, and there is no terminal to ask on. Add -f.")
        self.stderr.write(f"Delete the indices of {names}? [y/N]: ", str, ending="")
        self.stderr.flush()
        if sys.stdin.readline().strip().lower() != "y":
            raise CommandError("Nothing was deleted.")


def one_of(actions: list[str] | None, options: dict[str, Any]) -> str:
    """The one action that was asked for, if the flags go with it."""
    given = list(dict.fromkeys(actions or []))
    if len(given) != 1:
        names = ", ".join(f"--{action}" for action in ACTIONS)
        raise CommandError(f"Give one of {names}{f'; not {len(given)} of them' if given else ''}.")
    for flag, meaningful in MEANS.items():
        if options[flag] not in (None, False, 0) and given[0] not in meaningful:  # 0s is an age too
            raise IncompatibleOptions(f"--{flag.replace('_', '-')} means nothing with --{given[0]}")
    return given[0]
