"""Backfill: fill an index from the database, walking the table by its key while rows go on changing.

Every chunk is read in a snapshot of its own, younger than the index's record, and sent with the rows' versions: a
change that is pushed meanwhile is newer, and wins in whichever order the two arrive.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from elasticsearch.helpers import expand_action

from search.conf import conf
from search.exceptions import NoIndex, RowsRefused
from search.index import indices
from search.index.engine import client, engine_errors
from search.sync import bulk
from search.sync.keys import Key
from search.sync.outcomes import Outcome
from search.sync.reading import Operation, serializer
from search.sync.snapshot import snapshot
from search.versioned import VersionedDocument

NAMED = 20  # refused documents that an error names
ACCEPTED = {Outcome.DONE, Outcome.AHEAD}  # ahead: a push was there first, with a newer version


@dataclass(slots=True)
class Chunk:
    """Some rows in key order: their operations, and the last key read."""

    operations: list[Operation]
    last_pk: Any
    read_at: float
    rows: int


@dataclass(slots=True)
class Progress:
    """What a backfill has done."""

    name: str
    indexed: int = 0
    refused: list[str] = field(default_factory=list)


def chunks(document: type[VersionedDocument], name: str, using: str, size: int) -> Iterator[Chunk]:
    """All rows that the document indexes, as operations on the index `name`, in chunks of `size`."""
    last_pk = None
    while chunk := read_chunk(document, name, using, size, last_pk):
        yield chunk
        last_pk = chunk.last_pk


def read_chunk(document: type[VersionedDocument], name: str, using: str, size: int, after: Any) -> Chunk | None:
    """The rows behind the key `after`, read and prepared in one snapshot; None when there are none."""
    instance = document()
    queryset = instance.get_queryset().using(using).order_by("pk")
    with snapshot(using):
        read_at = monotonic()
        rows = list(queryset.filter(pk__gt=after)[:size] if after is not None else queryset[:size])
        operations = [operation(instance, row, name) for row in rows if instance.should_index_object(row)]
    return Chunk(operations, rows[-1].pk, read_at, len(rows)) if rows else None


def operation(document: VersionedDocument, row: Any, name: str) -> Operation:
    """The write of one row to one index."""
    head, source = expand_action(document._prepare_action(row, "index") | {"_index": name})
    return Operation(str(Key.of(row)), "index", serializer.dumps(head) + b"\n" + serializer.dumps(source), trusted=True)


def backfill(document: type[VersionedDocument], name: str, using: str, size: int) -> Progress:
    """Fill the index `name` with all rows; what was refused is in the answer, by key and cause."""
    progress = Progress(name)
    for chunk in chunks(document, name, using, size):
        for sent, answer in bulk.send(chunk.operations, chunk.read_at, bulk.call_timeout()):
            if answer.outcome in ACCEPTED:
                progress.indexed += 1
            else:
                progress.refused.append(f"{sent.key} {answer.error}")
    return progress


def populate(document: type[VersionedDocument], using: str = "default", *, refresh: bool = False) -> Progress:
    """Write all rows to the live index. NoIndex, RowsRefused."""
    live = indices.live(indices.alias_of(document), using)
    if not live:
        raise NoIndex
    progress = backfill(document, live.name, using, conf.BULK_DOCUMENTS)
    if refresh:
        with engine_errors():
            client().indices.refresh(index=live.name)
    if progress.refused:
        raise RowsRefused(some(progress.refused))
    return progress


def some(refused: list[str]) -> str:
    """How many, and the first of them by name."""
    return f"{len(refused)}: {', '.join(refused[:NAMED])}"
