"""Is it in step? What the outbox, the indices, the triggers and the relays say, in one look."""

from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Min
from django.utils import timezone

from search.conf import conf
from search.exceptions import SearchError
from search.index import indices
from search.index.engine import client, engine_errors
from search.index.fingerprint import fingerprint
from search.models import Entry, RelayProcess
from search.sync import capture
from search.sync.metrics import RELAY_ALIVE
from search.versioned import documents


@dataclass
class DocumentOverview:
    """One document: its live index, and whether it fits the code."""

    document: str
    alias: str
    index: str = ""
    indexed: int | None = None  # documents in the live index; None when the engine did not say
    rows: int = 0
    captured: bool = False  # the triggers are installed
    problems: list[str] = field(default_factory=list)


@dataclass
class Overview:
    """The whole. `in_step` when no problem is named and nothing waits or is dead."""

    documents: list[DocumentOverview]
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
    oldest = entries.waiting().aggregate(oldest=Min("first_changed_at"))["oldest"]
    alive = RelayProcess.objects.using(using).filter(beat_at__gt=now - RELAY_ALIVE)
    relays = list(alive.order_by("name").values_list("name", flat=True))
    return Overview(
        documents=[_document(document, using) for document in documents()],
        waiting=entries.waiting().count(),
        oldest_seconds=round((now - oldest).total_seconds(), 1) if oldest else 0.0,
        settling=entries.settling().count(),
        dead=entries.dead().count(),
        relays=relays,
        problems=[] if relays or conf.PUSH == "off" else ["no relay runs: start manage.py search_relay"],
    )


def _document(document: Any, using: str) -> DocumentOverview:
    model = document.django.model
    found = DocumentOverview(model._meta.label, indices.alias_of(document))
    found.rows = document().get_queryset().using(using).count()
    found.captured = bool(capture.status(using).get(model._meta.label))
    if not found.captured:
        found.problems.append("capture is not installed: run manage.py migrate")
    live = indices.live(found.alias, using)
    if live is None:
        found.problems.append("no live index: run manage.py search_index --create")
        return found
    found.index = live.name
    if live.fingerprint != fingerprint(document):
        found.problems.append("the live index does not fit the code: run manage.py search_index --rebuild")
    _ask_engine(found)
    return found


def _ask_engine(found: DocumentOverview) -> None:
    """How many documents the live index has, and whether the alias names it."""
    try:
        with engine_errors():
            if indices.behind(found.alias) != found.index:
                found.problems.append("the alias names another index: run manage.py search_index --check")
            found.indexed = client(request_timeout=2.0).count(index=found.index)["count"]
    except SearchError as error:
        found.problems.append(str(error))
