"""What an action would do, in one line, and without touching anything: --dry-run."""

from datetime import timedelta

from django.db.models import Q, Sum

from ..client import translate_errors
from ..exceptions import NoStandbyIndex
from ..indices import lifecycle
from ..indices.catalog import prunable
from ..indices.lock import refuse_if_held
from ..indices.swap import adoptable
from ..mapping.base import VersionedDocument
from ..models import BackfillRange, Index, IndexState
from .populate import writable
from .rebuild import Options, interrupted
from .worker_pool import default_workers


def rows(document: type[VersionedDocument], using: str, chosen: Q | None = None) -> int:
    """How many rows would be written, `should_index_object` aside."""
    queryset = document().get_queryset().using(using)
    return int((queryset.filter(chosen) if chosen else queryset).count())


def create(document: type[VersionedDocument], using: str) -> str:
    """Of --create."""
    with translate_errors():
        name = lifecycle.behind(lifecycle.alias_of(document), using)
    return f"{name} is there already" if name else "would make an index"


def rebuild(document: type[VersionedDocument], using: str, options: Options) -> str:
    """Of --rebuild. RebuildRunning."""
    alias = lifecycle.alias_of(document)
    with translate_errors():
        old = lifecycle.behind(alias, using)
    for building in Index.objects.using(using).filter(alias=alias, state=IndexState.BUILDING):
        refuse_if_held(building)
    count = rows(document, using)
    workers = options.workers or default_workers(using, count)
    fate = "stand by" if options.standby and old != alias else "be deleted"
    after = f"; {old} would {fate}" if old else ""
    return f"would fill a new index from {count} rows with {workers} {'worker' if workers == 1 else 'workers'}{after}"


def resume(document: type[VersionedDocument], using: str) -> str:
    """Of --resume. NothingToResume, FingerprintMismatch, RebuildRunning."""
    with translate_errors():
        index = interrupted(document, using)
    refuse_if_held(index)
    done = BackfillRange.objects.using(using).filter(index=index).aggregate(done=Sum("indexed"))["done"] or 0
    return f"would go on with {index.name} at {done} of {rows(document, using)} rows"


def populate(document: type[VersionedDocument], using: str, chosen: Q | None) -> str:
    """Of --populate. NoIndex, IndexIsNewer."""
    with translate_errors():
        live = writable(document, using)
    return f"would write {rows(document, using, chosen)} rows to {live.name}"


def delete(document: type[VersionedDocument], using: str) -> str:
    """Of --delete."""
    with translate_errors():
        names = lifecycle.ours(lifecycle.alias_of(document), using)
    return f"would delete {', '.join(names)}" if names else "there is no index"


def prune(document: type[VersionedDocument], using: str, age: timedelta | None) -> str:
    """Of --prune."""
    names = [one.name for one in prunable(document, using, age)]
    return f"would delete {', '.join(names)}" if names else "nothing is over"


def rollback(document: type[VersionedDocument], using: str) -> str:
    """Of --rollback. NoStandbyIndex."""
    alias = lifecycle.alias_of(document)
    standby = Index.objects.using(using).filter(alias=alias, state=IndexState.STANDBY).order_by("-changed_at").first()
    live = lifecycle.live(alias, using)
    if not standby or not live:
        raise NoStandbyIndex(alias)
    return f"would let {standby.name} be live, and {live.name} stand by"


def adopt(document: type[VersionedDocument], using: str) -> str:
    """Of --adopt. NothingToAdopt."""
    with translate_errors():
        adoptable(lifecycle.alias_of(document))
    return f"would write to the plain index {lifecycle.alias_of(document)} until a rebuild replaces it"
