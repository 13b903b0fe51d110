"""Is it in step? What the outbox, the indices, the triggers and the relays say, in one look."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Count, Max, Min
from django.utils import timezone

from .client import client, translate_errors
from .conf import conf
from .drift.compare import NO_DRIFT
from .exceptions import SearchError
from .indices import aliases, records
from .indices.validation import capture_problems
from .mapping.base import VersionedDocument
from .mapping.fingerprint import fingerprint
from .mapping.registry import documents
from .metrics import RELAY_ALIVE
from .models import Entry, Index, IndexState, RelayProcess

PATIENCE = 2.0  # seconds for each question to the engine


@dataclass
class DocumentOverview:
    """One document: its live index, whether that fits the code, and when it was last compared with the database."""

    document: str  # its model's label
    alias: str
    index: str = ""
    indexed: int | None = None  # documents in the live index; None when the engine did not say
    rows: int = 0
    captured: bool = False  # the triggers of its model and of its related models are installed
    verified_at: datetime | None = None
    problems: list[str] = field(default_factory=list)


@dataclass
class Overview:
    """The whole. `in_step` when no problem is named and nothing waits or is dead."""

    documents: list[DocumentOverview]
    push: str  # SEARCH_PUSH
    waiting: int
    oldest_seconds: float
    settling: int
    dead: int
    relays: list[str]
    problems: list[str]

    @property
    def in_step(self) -> bool:
        """Whether nothing is known to differ (search_drift looks for what is not known)."""
        found = self.problems + [problem for document in self.documents for problem in document.problems]
        return not (found or self.waiting or self.dead)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"in_step": self.in_step} | asdict(self)


def overview(using: str = DEFAULT_DB_ALIAS) -> Overview:
    """Look at everything once. An engine that does not answer is a problem in the answer, not an error."""
    entries, now = Entry.objects.using(using), timezone.now()
    oldest = entries.pending().aggregate(oldest=Min("first_changed_at"))["oldest"]
    alive = RelayProcess.objects.using(using).filter(heartbeat_at__gt=now - RELAY_ALIVE)
    relays = list(alive.order_by("name").values_list("name", flat=True))
    return Overview(
        documents=[_document(document, using) for document in documents()],
        push=conf.PUSH,
        waiting=entries.pending().count(),
        oldest_seconds=round((now - oldest).total_seconds(), 1) if oldest else 0.0,
        settling=entries.settling().count(),
        dead=entries.dead().count(),
        relays=relays,
        problems=[] if relays or conf.PUSH == "off" else ["no relay runs: start manage.py search_relay"],
    )


def _document(document: type[VersionedDocument], using: str) -> DocumentOverview:
    found = DocumentOverview(document.django.model._meta.label, aliases.alias_of(document))
    found.rows = _rows(document, using)[0]
    found.problems += capture_problems(document, using)
    found.captured = not found.problems
    live = records.live_index(found.alias, using)
    if live is None:
        found.problems.append("no live index: run manage.py search_index --create")
        return found
    found.index, found.verified_at = live.name, live.verified_at
    if live.fingerprint != fingerprint(document):
        found.problems.append("the live index does not fit the code: run manage.py search_index --rebuild")
    found.problems += _beyond(document, found.alias, using) + _last_drift(live)
    _ask_engine(document, found, using)
    return found


def _beyond(document: type[VersionedDocument], alias: str, using: str) -> list[str]:
    """Standby indices of newer code: after a rollback of index and code nobody may write them any more."""
    standing = Index.objects.using(using).filter(alias=alias, state=IndexState.STANDBY).order_by("name")
    return [
        f"each change waits for {index.name}, which stands by for newer code: "
        "run manage.py search_index --prune --older-than 1s"
        for index in standing
        if not index.accepts_fingerprint(fingerprint(document))
    ]


def _last_drift(live: Index) -> list[str]:
    """What the last comparison found and did not repair."""
    left = [f"{count} {kind}" for kind, count in live.drift.items() if count and kind not in NO_DRIFT]
    return [f"the last comparison left {', '.join(left)}: run manage.py search_drift --repair"] if left else []


def _ask_engine(document: type[VersionedDocument], found: DocumentOverview, using: str) -> None:
    """How many documents the live index has, and whether the alias names it."""
    try:
        with translate_errors():
            if not aliases.alias_state(found.alias, using).in_agreement:
                found.problems.append("the alias names another index: run manage.py search_index --check")
            before, idle = _rows(document, using), _is_idle(document, using)
            engine = client(request_timeout=PATIENCE)
            engine.indices.refresh(index=found.index)
            found.indexed = int(engine.count(index=found.index)["count"])
    except SearchError as error:
        found.problems.append(str(error))
        return
    found.rows = before[0]
    # Counts of rows that move meanwhile say nothing.
    if idle and found.indexed != found.rows and before == _rows(document, using) and not _chooses(document):
        found.problems.append("rows and documents differ in number, and nothing waits: run manage.py search_drift")


def _rows(document: type[VersionedDocument], using: str) -> tuple[int, int | None]:
    """How many rows there are, and their highest version: other numbers after any change."""
    rows = document().get_queryset().using(using).order_by()
    found = rows.aggregate(count=Count("pk"), highest=Max("version"))
    return found["count"], found["highest"]


def _is_idle(document: type[VersionedDocument], using: str) -> bool:
    """Whether no change of the document's rows waits or is dead."""
    label = document.django.model._meta.concrete_model._meta.label
    entries = Entry.objects.using(using).filter(key__startswith=f"{label}:")
    return not (entries.pending() | entries.dead()).exists()


def _chooses(document: type[VersionedDocument]) -> bool:
    """Whether the document leaves some rows out one by one, so that counts may differ."""
    return document.should_index_object is not VersionedDocument.should_index_object
