"""Populate: index all or some rows again, into the live index."""

from datetime import datetime
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.db import DataError
from django.db.models import Q

from ..client import client, translate_errors
from ..exceptions import IndexIsNewer, InvalidFilter, NoIndex, RowsRefused
from ..indices.aliases import alias_of
from ..indices.lifecycle import index_exists
from ..indices.records import live_index
from ..mapping.base import VersionedDocument
from ..mapping.fingerprint import fingerprint
from ..models import Index
from .backfill import NAMED, Filler, Progress
from .rebuild import Options


def populate(
    document: type[VersionedDocument],
    using: str = "default",
    *,
    condition: Q | None = None,
    refresh: bool = False,
    options: Options = Options(),  # noqa: B008
) -> int:
    """Index the rows that match `condition` into the live index and return how many documents it accepted.

    A document with a newer version stays as it is. Raise RowsRefused if Elasticsearch refused any.
    """
    with translate_errors():
        live = writable_live_index(document, using)
        filler = Filler(document, live.name, using, size=options.batch_size, throttle=options.throttle)
        rows = filler.rows(condition)
        total, sum_of_chunks = rows.count(), Progress()

        def report(last_pk: Any, progress: Progress) -> None:
            sum_of_chunks.indexed += progress.indexed
            sum_of_chunks.refusals += progress.refusals
            sum_of_chunks.refused = (sum_of_chunks.refused + progress.refused)[:NAMED]
            options.report(sum_of_chunks.indexed, total, sum_of_chunks.refusals)

        filler.fill(rows, None, report)
        if refresh:
            client().indices.refresh(index=live.name)
    if sum_of_chunks.refusals:
        raise RowsRefused(f"{sum_of_chunks.refusals}: {', '.join(sum_of_chunks.refused)}")
    return sum_of_chunks.indexed


def writable_live_index(document: type[VersionedDocument], using: str) -> Index:
    """Return the live index. Raise NoIndex if there is none, IndexIsNewer if this code must not write to it."""
    alias = alias_of(document)
    live = live_index(alias, using)
    with translate_errors():
        if not live or not index_exists(live.name):
            raise NoIndex(alias)
    if not live.accepts_fingerprint(fingerprint(document)):
        raise IndexIsNewer(live.name)
    return live


def row_filter(
    document: type[VersionedDocument],
    using: str = "default",
    *,
    where: list[str] | None,
    since: datetime | None,
    pks: list[str] | None,
) -> Q | None:
    """Return the condition that --where, --since and --pks make together, None for all rows.

    Raise InvalidFilter, which names the option.
    """
    pairs = (condition.partition("=") for condition in where or [])
    conditions = {
        "--where": Q(*((name, value) for name, _, value in pairs)),
        "--since": Q(version__gte=microseconds(since)) if since else Q(),
        "--pks": Q(pk__in=pks) if pks else Q(),
    }
    combined = Q()
    for option, condition in conditions.items():
        validate_filter(document, using, option, condition)
        combined &= condition
    return combined or None


def validate_filter(document: type[VersionedDocument], using: str, option: str, condition: Q) -> None:
    """Run the filter once, so that an invalid one is refused before anything is written. Raise InvalidFilter."""
    try:
        document().get_queryset().using(using).filter(condition).exists()
    except ValidationError as error:
        raise InvalidFilter(f"{option}: {' '.join(error.messages)}") from error
    except (FieldError, ValueError, TypeError, OverflowError, DataError) as error:
        raise InvalidFilter(f"{option}: {' '.join(str(error).split())}") from error


def microseconds(moment: datetime) -> int:
    """Return the lowest version of a row that was changed at this time or later."""
    return int(moment.timestamp() * 1_000_000)
