"""Whether what is searched is written: a restored database may take another index for live than the alias names.

Every push would then be confirmed by an index that nobody searches.
"""

import logging
from contextlib import suppress
from time import monotonic

from django.db import DEFAULT_DB_ALIAS

from ..client import client, translate_errors
from ..exceptions import AliasMismatch, EngineRefused, EngineUnavailable
from ..mapping.registry import documents
from ..models import Index, IndexState

logger = logging.getLogger(__name__)
PATIENCE = 0.5  # seconds for the engine's answer
EVERY = 10.0  # seconds between two looks


class Agreement:
    """Looks now and then for who pushes."""

    def __init__(self, using: str) -> None:
        self.using = using
        self._held_at = float("-inf")
        self._told = False

    def holds(self) -> bool:
        """Whether pushes reach what is searched, as far as is known; the log says once when they do not."""
        if monotonic() - self._held_at < EVERY:
            return True
        try:
            refuse_if_unwritten(self.using)
        except AliasMismatch as error:
            if not self._told:
                logger.error("nothing is pushed: %s", error)
            self._told = True
            return False
        self._held_at, self._told = monotonic(), False
        return True


def refuse_if_unwritten(using: str = DEFAULT_DB_ALIAS) -> None:
    """AliasMismatch when an alias names an index that no push reaches. What cannot be looked at passes."""
    with suppress(EngineUnavailable, EngineRefused):  # it confirms no push either
        # Twice: between the two readings of one look a whole rebuild may end.
        if look(using) and (found := look(using)):
            raise AliasMismatch("; ".join(found))


def look(using: str) -> list[str]:
    """Each alias that names another index than the database writes to, in words."""
    targets: dict[str, dict[str, str]] = {}
    for name, alias, state in Index.objects.using(using).targets().values_list("name", "alias", "state"):
        targets.setdefault(alias, {})[name] = state
    # Then the aliases: an index is recorded before it is swapped in.
    return [
        f"{alias} names {name}, the database takes {live} for live"
        for alias, name in searched()
        if name not in targets.get(alias, {}) and (live := live_of(targets.get(alias, {})))
    ]


def live_of(states: dict[str, str]) -> str:
    """The one that is recorded as live; without one nothing is confirmed at all."""
    return next((name for name, state in states.items() if state == IndexState.LIVE), "")


def searched() -> list[tuple[str, str]]:
    """(alias, index) of all that our aliases name."""
    aliases = sorted({document._index._name for document in documents()})
    with translate_errors():
        found = client(request_timeout=PATIENCE, ignore_status=404).indices.get_alias(name=aliases).body
    named = {name: one["aliases"] for name, one in found.items() if isinstance(one, dict) and "aliases" in one}
    return [(alias, name) for name, its in sorted(named.items()) for alias in its if alias in aliases]
