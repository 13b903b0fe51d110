"""The badge on every page, which says whether search is up to date."""

from dataclasses import dataclass

from django.db.models import Count, Min
from django.utils import timezone

from order_search.documents import OrderDocument
from search.client import client, translate_errors
from search.exceptions import SearchError
from search.indices import aliases
from search.models import Entry

ENGINE_TIMEOUT = 0.3  # seconds; every page waits for its badge


@dataclass(frozen=True)
class Badge:
    """Whether Elasticsearch answers, and how many changes it has not confirmed."""

    is_up: bool
    pending: int
    oldest_seconds: float
    dead: int

    @property
    def state(self) -> str:
        """Return the CSS class."""
        if not self.is_up:
            return "down"
        return "behind" if self.pending or self.dead else "up-to-date"

    @property
    def text(self) -> str:
        parts = [] if self.is_up else ["Search is down"]
        if self.pending:
            parts.append(f"{self.pending:,} pending, oldest {age(self.oldest_seconds)}")
        if self.dead:
            parts.append(f"{self.dead:,} refused")
        return "; ".join(parts) or "Up to date"


def badge() -> Badge:
    """Return the current badge. Costs two queries and one request to Elasticsearch."""
    pending = Entry.objects.pending().aggregate(count=Count("pk"), oldest=Min("first_changed_at"))
    oldest = (timezone.now() - pending["oldest"]).total_seconds() if pending["oldest"] else 0.0
    return Badge(_is_up(), pending["count"], max(0.0, oldest), Entry.objects.dead().count())


def _is_up() -> bool:
    alias = aliases.alias_of(OrderDocument)
    try:
        with translate_errors():
            return bool(client(request_timeout=ENGINE_TIMEOUT).indices.exists_alias(name=alias))
    except SearchError:
        return False


def age(seconds: float) -> str:
    """Return a duration in its largest unit. The badge is refreshed every few seconds and need not be exact."""
    for unit_seconds, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit_seconds:
            return f"{int(seconds / unit_seconds)} {unit}"
    return f"{int(seconds)} s"
