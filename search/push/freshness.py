"""A search that must see every committed change: pushes what waits, itself, and refreshes once."""

from time import monotonic
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS

from ..conf import conf
from ..models import Entry
from .refresh import refresh
from .sender import sender

MOST = 500  # waiting keys that one search pushes; more are the relay's


class Freshness(NamedTuple):
    """Whether every change that was committed before the search is searchable, and how many are not."""

    fresh: bool
    waiting: int

    def __str__(self) -> str:
        return "yes" if self.fresh else f"no; waiting={self.waiting}"


def freshen(using: str = DEFAULT_DB_ALIAS) -> Freshness:
    """Push at most MOST waiting keys, read once, and refresh, within PUSH_TIMEOUT; not while the breaker is open."""
    deadline = monotonic() + conf.PUSH_TIMEOUT
    waiting = Entry.objects.using(using).pending().order_by("changed_at")
    if not sender(using).ready():
        return Freshness(False, waiting.count())
    keys = list(waiting.values_list("key", flat=True)[: MOST + 1])
    if len(keys) > MOST:
        return Freshness(False, waiting.count())
    if keys and (conf.PUSH == "off" or not sender(using).push(keys)):
        return Freshness(False, waiting.filter(key__in=keys).count())
    return Freshness(refresh(max(0.0, deadline - monotonic())), 0)
