"""Populate: write rows again to the index that is there, all of them or some."""

from datetime import datetime
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.db import DataError
from django.db.models import Q

from ..client import client, translate_errors
from ..exceptions import IndexIsNewer, InvalidFilter, NoIndex, RowsRefused
from ..indices import lifecycle
from ..mapping.base import VersionedDocument
from ..mapping.fingerprint import fingerprint
from ..models import Index
from .backfill import Filler, Progress
from .rebuild import Options


def populate(
    document: type[VersionedDocument],
    using: str = "default",
    *,
    chosen: Q | None = None,
    refresh: bool = False,
    options: Options = Options(),  # noqa: B008
) -> int:
    """Write the chosen rows to the live index; how many. A document that is newer stays. RowsRefused."""
    with translate_errors():
        live = writable(document, using)
        filler = Filler(document, live.name, using, size=options.batch_size, throttle=options.throttle)
        progress = filled(filler, chosen, options)
        if refresh:
            client().indices.refresh(index=live.name)
    if progress.refusals:
        raise RowsRefused(f"{progress.refusals}: {', '.join(progress.refused)}")
    return progress.indexed


def writable(document: type[VersionedDocument], using: str) -> Index:
    """The live index, if there is one and this code may write to it. NoIndex, IndexIsNewer."""
    alias = lifecycle.alias_of(document)
    live = lifecycle.live(alias, using)
    if not live or not lifecycle.exists(live.name):
        raise NoIndex(alias)
    if not live.accepts_fingerprint(fingerprint(document)):
        raise IndexIsNewer(live.name)
    return live


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
    """The rows that --where, --since and --pks choose together; None for all. InvalidFilter names the flag."""
    pairs = (condition.partition("=") for condition in where or [])
    parts = {
        "--where": Q(*((name, value) for name, _, value in pairs)),
        "--since": Q(version__gte=microseconds(since)) if since else Q(),
        "--pks": Q(pk__in=pks) if pks else Q(),
    }
    chosen = Q()
    for flag, part in parts.items():
        insist(document, flag, part)
        chosen &= part
    return chosen or None


def insist(document: type[VersionedDocument], flag: str, part: Q) -> None:
    """Ask once, so that what cannot be asked is refused before anything is done. InvalidFilter."""
    try:
        document().get_queryset().filter(part).exists()
    except ValidationError as error:
        raise InvalidFilter(f"{flag}: {' '.join(error.messages)}") from error
    except (FieldError, ValueError, TypeError, OverflowError, DataError) as error:
        raise InvalidFilter(f"{flag}: {' '.join(str(error).split())}") from error


def microseconds(moment: datetime) -> int:
    """The version that a row changed at this moment has at least."""
    return int(moment.timestamp() * 1_000_000)
