"""Populate: write rows again to the index that is there, all of them or some."""

from datetime import datetime
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.db.models import Q

from search.exceptions import NoIndex, NoSuchField, RowsRefused
from search.index import indices
from search.index.backfill import Filler, Progress
from search.index.engine import client, engine_errors
from search.index.rebuild import Options
from search.versioned import VersionedDocument


def populate(
    document: type[VersionedDocument],
    using: str = "default",
    *,
    chosen: Q | None = None,
    refresh: bool = False,
    options: Options = Options(),  # noqa: B008
) -> int:
    """Write the chosen rows to the live index; how many. A document that is newer stays. NoIndex, RowsRefused."""
    with engine_errors():
        live = indices.live(indices.alias_of(document), using)
        if not live or not indices.exists(live.name):
            raise NoIndex
        filler = Filler(document, live.name, using, size=options.batch_size, throttle=options.throttle)
        progress = filled(filler, chosen, options)
        if refresh:
            client().indices.refresh(index=live.name)
    if progress.refusals:
        raise RowsRefused(f"{progress.refusals}: {', '.join(progress.refused)}")
    return progress.indexed


def filled(filler: Filler, chosen: Q | None, options: Options) -> Progress:
    """Fill from the first row to the last, reporting after each chunk."""
    rows = filler.rows(chosen)
    total, done = rows.count(), Progress()

    def note(last_pk: Any, progress: Progress) -> None:
        done.indexed += progress.indexed
        for refused in progress.refused:
            done.refuse(refused)
        options.report(done.indexed, total, done.refusals)

    filler.fill(rows, None, note)
    return done


def choice(
    document: type[VersionedDocument], *, where: list[str] | None, since: datetime | None, pks: list[str] | None
) -> Q | None:
    """The rows that --where, --since and --pks choose together; None for all. NoSuchField."""
    chosen = Q()
    for condition in where or []:
        name, _, value = condition.partition("=")
        chosen &= Q(**{name: value})
    if since:
        chosen &= Q(version__gte=microseconds(since))
    if pks is not None:
        chosen &= Q(pk__in=pks)
    try:
        document().get_queryset().filter(chosen).exists()
    except (FieldError, ValidationError, ValueError, TypeError) as error:
        raise NoSuchField(" ".join(str(error).split())) from error
    return chosen or None


def microseconds(moment: datetime) -> int:
    """The version that a row changed at this moment has at least."""
    return int(moment.timestamp() * 1_000_000)
