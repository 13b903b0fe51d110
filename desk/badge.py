"""The badge on every page: how far the index is behind."""

from dataclasses import dataclass

from django.db.models import Count, Min
from django.utils import timezone

from order_search.documents import OrderDocument
from search.client import client, translate_errors
from search.exceptions import SearchError
from search.indices import aliases
from search.models import Entry

PATIENCE = 0.3  # seconds; a page must not be late for its badge


@dataclass(frozen=True)
class Badge:
    """One look: does the engine answer, and what waits for it."""

    is_up: bool
    waiting: int
    oldest_seconds: float
    dead: int

    @property
    def state(self) -> str:
        """One word."""
        if not self.is_up:
            return "down"
        return "behind" if self.waiting or self.dead else "in-step"

    @property
    def text(self) -> str:
        """A few words for people."""
        said = [] if self.is_up else ["Search is down"]
        if self.waiting:
            said.append(f"{self.waiting:,} waiting, oldest {age(self.oldest_seconds)}")
        if self.dead:
            said.append(f"{self.dead:,} refused")
        return "; ".join(said) or "In step"


def badge() -> Badge:
    """Look now."""
    waiting = Entry.objects.pending().aggregate(count=Count("pk"), oldest=Min("first_changed_at"))
    oldest = (timezone.now() - waiting["oldest"]).total_seconds() if waiting["oldest"] else 0.0
    return Badge(_is_up(), waiting["count"], max(0.0, oldest), Entry.objects.dead().count())


def _is_up() -> bool:
    """Whether the engine answers, and has something to search."""
    try:
        with translate_errors():
            return bool(client(request_timeout=PATIENCE).indices.exists_alias(name=aliases.alias_of(OrderDocument)))
    except SearchError:
        return False


def age(seconds: float) -> str:
    """A time in its largest unit: what is watched each few seconds need not be exact."""
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{int(seconds / unit)} {name}"
    return f"{int(seconds)} s"
