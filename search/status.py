"""The status of search: what the outbox, the indices, the triggers and the relays report about being in step."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Count, Max, Min
from django.utils import timezone

from .client import client, translate_errors
from .conf import conf
from .drift.row_diff import NOT_DRIFT
from .exceptions import SearchError
from .indices import aliases, records
from .indices.validation import capture_problems
from .mapping.base import VersionedDocument
from .mapping.fingerprint import fingerprint
from .mapping.keys import label_of
from .mapping.registry import documents
from .metrics import RELAY_ALIVE
from .models import Entry, Index, IndexState, RelayProcess

ENGINE_TIMEOUT = 2.0  # seconds for each call to Elasticsearch


@dataclass
class DocumentStatus:
    """One document: its live index, whether that matches the code, and when it was last compared with the database."""

    document: str  # its model's label
    alias: str
    index: str = ""
    indexed: int | None = None  # documents in the live index; None if Elasticsearch did not answer
    rows: int = 0
    captured: bool = False  # the triggers of its model and of its related models are installed
    verified_at: datetime | None = None
    problems: list[str] = field(default_factory=list)


@dataclass
class SearchStatus:
    """The status of all documents, the outbox and the relays."""

    documents: list[DocumentStatus]
    push: str  # SEARCH_PUSH
    pending: int  # entries
    oldest_seconds: float  # age of the oldest pending entry
    settling: int
    dead: int
    relays: list[str]
    problems: list[str]

    @property
    def in_step(self) -> bool:
        """True without known problems, pending entries and dead letters. `search_drift` finds unknown problems."""
        problems = self.problems + [problem for document in self.documents for problem in document.problems]
        return not (problems or self.pending or self.dead)

    def as_dict(self) -> dict[str, Any]:
        """Return the status for JSON."""
        return {"in_step": self.in_step} | asdict(self)


def search_status(using: str = DEFAULT_DB_ALIAS) -> SearchStatus:
    """Return the status now. If Elasticsearch does not answer, that is a problem in the status, not an error."""
    entries, now = Entry.objects.using(using), timezone.now()
    oldest = entries.pending().aggregate(oldest=Min("first_changed_at"))["oldest"]
    alive = RelayProcess.objects.using(using).filter(heartbeat_at__gt=now - RELAY_ALIVE)
    relays = list(alive.order_by("name").values_list("name", flat=True))
    return SearchStatus(
        documents=[document_status(document, using) for document in documents()],
        push=conf.PUSH,
        pending=entries.pending().count(),
        oldest_seconds=round((now - oldest).total_seconds(), 1) if oldest else 0.0,
        settling=entries.settling().count(),
        dead=entries.dead().count(),
        relays=relays,
        problems=[] if relays or conf.PUSH == "off" else ["no relay is running: start manage.py search_relay"],
    )


def document_status(document: type[VersionedDocument], using: str) -> DocumentStatus:
    status = DocumentStatus(document.django.model._meta.label, aliases.alias_of(document))
    status.rows = _count_and_version(document, using)[0]
    status.problems += capture_problems(document, using)
    status.captured = not status.problems
    live = records.live_index(status.alias, using)
    if live is None:
        status.problems.append("no live index: run manage.py search_index --create")
        return status
    status.index, status.verified_at = live.name, live.verified_at
    if live.fingerprint != fingerprint(document):
        status.problems.append("the live index does not match the code: run manage.py search_index --rebuild")
    status.problems += _newer_standbys(document, status.alias, using) + _last_drift(live)
    _add_engine_status(document, status, using)
    return status


def _newer_standbys(document: type[VersionedDocument], alias: str, using: str) -> list[str]:
    standbys = Index.objects.using(using).filter(alias=alias, state=IndexState.STANDBY).order_by("name")
    return [
        f"every change stays pending, because the standby index {index.name} was built by newer code: "
        "run manage.py search_index --prune --older-than 1s"
        for index in standbys
        if not index.accepts_fingerprint(fingerprint(document))
    ]


def _last_drift(live: Index) -> list[str]:
    left = [f"{count} {kind}" for kind, count in live.drift.items() if count and kind not in NOT_DRIFT]
    return [f"the last comparison left {', '.join(left)}: run manage.py search_drift --repair"] if left else []


def _add_engine_status(document: type[VersionedDocument], status: DocumentStatus, using: str) -> None:
    try:
        with translate_errors():
            if not aliases.alias_state(status.alias, using).in_agreement:
                status.problems.append("the alias names another index: run manage.py search_index --check")
            rows_before, idle = _count_and_version(document, using), _is_idle(document, using)
            engine = client(request_timeout=ENGINE_TIMEOUT)
            engine.indices.refresh(index=status.index)
            status.indexed = int(engine.count(index=status.index)["count"])
    except SearchError as error:
        status.problems.append(str(error))
        return
    status.rows = rows_before[0]
    if not idle or status.indexed == status.rows or _selects_rows(document):
        return
    if rows_before == _count_and_version(document, using):  # counts of changing rows may differ without drift
        status.problems.append(
            "rows and documents differ in number, with no change pending: run manage.py search_drift"
        )


def _count_and_version(document: type[VersionedDocument], using: str) -> tuple[int, int | None]:
    """Return the number of rows and their highest version, which differ after any change."""
    rows = document().get_queryset().using(using).order_by()
    aggregates = rows.aggregate(count=Count("pk"), highest=Max("version"))
    return aggregates["count"], aggregates["highest"]


def _is_idle(document: type[VersionedDocument], using: str) -> bool:
    entries = Entry.objects.using(using).filter(key__startswith=f"{label_of(document.django.model)}:")
    return not (entries.pending() | entries.dead()).exists()


def _selects_rows(document: type[VersionedDocument]) -> bool:
    """Whether the document leaves rows out in Python, so that counts may differ without drift."""
    return document.should_index_object is not VersionedDocument.should_index_object
