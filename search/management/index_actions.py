"""The actions of `manage.py search_index`, one class each.

`run()` performs the action for one document. `plan()`, for --dry-run, stands next to it and says what `run()` would do,
without changing anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from django.db.models import Q, Sum

from ..client import translate_errors
from ..indices import catalog, lifecycle, lock, records, swap, validation
from ..indices.aliases import alias_of, alias_target
from ..mapping.base import VersionedDocument
from ..models import BackfillRange
from ..rebuild import rebuild
from ..rebuild.populate import populate, row_filter, writable_live_index
from ..rebuild.rebuild import Options, Rebuilt, no_report

FILLING = frozenset({"batch_size", "throttle"})


@dataclass(frozen=True)
class Result:
    """What an action did: `data` for --json, `lines` for people."""

    data: dict[str, Any]
    lines: list[str] = field(default_factory=list)


class Action:
    """One action for one document. `options` are the parsed ones of the command."""

    help: ClassVar[str]
    applicable: ClassVar[frozenset[str]] = frozenset({"dry_run"})  # options that apply to it, among LIMITED_OPTIONS

    def __init__(
        self,
        document: type[VersionedDocument],
        options: Mapping[str, Any],
        report: Callable[[int, int, int], object] = no_report,
    ) -> None:
        self.document, self.options, self.report = document, options, report
        self.alias = alias_of(document)
        self.using: str = options["database"]

    def run(self) -> Result:
        raise NotImplementedError

    def plan(self) -> str:
        raise NotImplementedError

    def fill_options(self) -> Options:
        return Options(
            standby=self.options["standby"],
            workers=1 if self.options["parallel"] is False else self.options["workers"],
            batch_size=self.options["batch_size"],
            throttle=self.options["throttle"],
            report=self.report,
        )

    def count_rows(self, condition: Q | None = None) -> int:
        """Return how many rows would be indexed, `should_index_object` aside."""
        rows = self.document().get_queryset().using(self.using)
        return int((rows.filter(condition) if condition else rows).count())


class Create(Action):
    help = "create an index and its alias; harmless if there is one"

    def run(self) -> Result:
        created = lifecycle.create(self.document, self.using)
        lines = [f"created {created.name}" if created.created else f"{created.name} is there already"]
        if created.replaced:
            lines.append(f"{created.replaced} was recorded as live; run manage.py search_drift --repair")
        unindexed = lifecycle.count_unindexed(self.document, created.name, self.using)
        if unindexed:
            rows = "1 row is" if unindexed == 1 else f"{unindexed} rows are"
            lines.append(f"{rows} not indexed; run manage.py search_index --rebuild")
        return Result(asdict(created) | {"unindexed": unindexed}, lines)

    def plan(self) -> str:
        with translate_errors():
            name = alias_target(self.alias, self.using)
        return f"{name} is there already" if name else "would create an index"


class Populate(Action):
    help = "index rows again, into the live index"
    applicable = Action.applicable | FILLING | {"where", "since", "pks"}

    def run(self) -> Result:
        indexed = populate(
            self.document,
            self.using,
            condition=self.condition(),
            refresh=self.options["refresh"],
            options=self.fill_options(),
        )
        return Result({"indexed": indexed}, [f"indexed {indexed}"])

    def plan(self) -> str:
        live = writable_live_index(self.document, self.using)
        return f"would index {self.count_rows(self.condition())} rows into {live.name}"

    def condition(self) -> Q | None:
        filters = {name: self.options[name] for name in ("where", "since", "pks")}
        return row_filter(self.document, self.using, **filters)


class Rebuild(Action):
    help = "fill a new index next to the live one, and swap it in once it is complete"
    applicable = Action.applicable | FILLING | {"standby", "workers"}

    def run(self) -> Result:
        return rebuild_result(rebuild.rebuild(self.document, self.using, self.fill_options()))

    def plan(self) -> str:
        with translate_errors():
            old = alias_target(self.alias, self.using)
        if building := records.building_index(self.alias, self.using):
            lock.assert_not_held(building)
        options, rows = self.fill_options(), self.count_rows()
        workers = options.worker_count(self.using, rows)
        plan = f"would fill a new index from {rows} rows with {workers} {'worker' if workers == 1 else 'workers'}"
        if not old:
            return plan
        kept = rebuild.is_kept(old, self.alias, options)
        return f"{plan}; {old} would {'be kept as standby' if kept else 'be deleted'}"


class Resume(Action):
    help = "continue an interrupted rebuild"
    applicable = Rebuild.applicable

    def run(self) -> Result:
        return rebuild_result(rebuild.resume(self.document, self.using, self.fill_options()))

    def plan(self) -> str:
        index = rebuild.interrupted_index(self.document, self.using)
        lock.assert_not_held(index)
        ranges = BackfillRange.objects.using(self.using).filter(index=index)
        indexed = ranges.aggregate(indexed=Sum("indexed", default=0))["indexed"]
        return f"would continue {index.name} at {indexed} of {self.count_rows()} rows"


def rebuild_result(rebuilt: Rebuilt) -> Result:
    lines = [f"indexed {rebuilt.indexed} into {rebuilt.name}, which is live now"]
    if rebuilt.replaced:
        lines.append(f"{rebuilt.replaced} is {'kept as standby' if rebuilt.standby else 'deleted'}")
    return Result(asdict(rebuilt), lines)


class Rollback(Action):
    help = "make the standby index live again"

    def run(self) -> Result:
        live, standby = swap.rollback(self.alias, self.using)
        return Result({"live": live, "standby": standby}, [f"{live} is live, {standby} is kept as standby"])

    def plan(self) -> str:
        standby, live = swap.rollback_candidates(self.alias, self.using)
        return f"would make {standby.name} live and keep {live.name} as standby"


class Prune(Action):
    help = "delete indices that are no longer needed: retired, abandoned, unrecorded"
    applicable = Action.applicable | {"older_than"}

    def run(self) -> Result:
        names = catalog.prune(self.document, self.using, self.options["older_than"])
        return Result({"deleted": names}, [f"deleted {', '.join(names)}" if names else "nothing to prune"])

    def plan(self) -> str:
        names = [info.name for info in catalog.prunable(self.document, self.using, self.options["older_than"])]
        return f"would delete {', '.join(names)}" if names else "nothing to prune"


class Delete(Action):
    help = "delete the indices and their alias; asks first"

    def run(self) -> Result:
        names = lifecycle.delete(self.alias, self.using)
        return Result({"deleted": names}, [f"deleted {', '.join(names)}" if names else "there is no index"])

    def plan(self) -> str:
        names = lifecycle.deletable_indices(self.alias, self.using)
        return f"would delete {', '.join(names)}" if names else "there is no index"


class Adopt(Action):
    help = "keep a plain index of the alias's name in step until a rebuild replaces it"

    def run(self) -> Result:
        swap.adopt(self.alias, self.using)
        line = "the plain index is kept in step from now on; run manage.py search_index --rebuild to replace it"
        return Result({"adopted": self.alias}, [line])

    def plan(self) -> str:
        swap.assert_adoptable(self.alias)
        return f"would keep the plain index {self.alias} in step until a rebuild replaces it"


class Check(Action):
    help = "check whether the live index matches the code, and whether all that keeps it in step is installed"
    applicable = frozenset()

    def run(self) -> Result:
        problems = validation.problems(self.document, self.using)
        return Result({"problems": problems}, problems or ["matches the code"])


class List(Action):
    help = "list every index with its state, size and age"
    applicable = frozenset()

    def run(self) -> Result:
        infos = catalog.catalog(self.document, self.using)
        lines = [catalog.describe(info) for info in infos] or ["there is no index"]
        return Result({"indices": [asdict(info) for info in infos]}, lines)


ACTIONS: dict[str, type[Action]] = {
    "create": Create,
    "populate": Populate,
    "rebuild": Rebuild,
    "resume": Resume,
    "rollback": Rollback,
    "prune": Prune,
    "delete": Delete,
    "adopt": Adopt,
    "check": Check,
    "list": List,
}
LIMITED_OPTIONS = sorted(frozenset().union(*(action.applicable for action in ACTIONS.values())))
