"""The alias that is searched, and the one comparison of it with the database's records.

The two differ after the database was restored from a backup that is older than a rebuild, or after somebody moved the
alias. Pushes would then be confirmed by an index that no search reads.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django_elasticsearch_dsl import Document

from ..client import client, translate_errors
from ..exceptions import AliasIsAnIndex, AliasIsShared, AliasMismatch, EngineRefused, EngineUnavailable, NoIndex
from ..mapping.registry import documents
from ..models import Index, IndexState
from . import records

logger = logging.getLogger(__name__)
GUARD_TIMEOUT = 0.5  # seconds that the guard waits for Elasticsearch
GUARD_INTERVAL = 10.0  # seconds between two checks of the guard


def alias_of(document: type[Document]) -> str:
    """Return the name that is searched."""
    return str(document._index._name)


def alias_targets(aliases: Sequence[str], **options: Any) -> dict[str, list[str]]:
    """Return the indices that each alias names, sorted; `options` as in `Elasticsearch.options`.

    A plain index that has an alias's name counts as its target.
    """
    if not aliases:  # the client refuses an empty list
        return {}
    response = client(**options).indices.get(
        index=list(aliases), ignore_unavailable=True, filter_path=["*.aliases", "*.settings.index.uuid"]
    )
    return {
        alias: sorted(name for name, index in response.items() if name == alias or alias in index.get("aliases", {}))
        for alias in aliases
    }


def alias_target(alias: str, using: str = DEFAULT_DB_ALIAS) -> str | None:
    """Return the index that the alias names, or the adopted plain index of its name.

    Raise AliasIsAnIndex if another plain index has the alias's name, AliasIsShared if the alias names several.
    """
    targets = alias_targets([alias])[alias]
    if alias in targets and not records.is_adopted(alias, using):
        raise AliasIsAnIndex(alias)
    if len(targets) > 1:
        raise AliasIsShared(f"{alias}: {', '.join(targets)}")
    return targets[0] if targets else None


def add_alias(alias: str, name: str) -> None:
    client().indices.put_alias(index=name, name=alias)


@dataclass(frozen=True)
class AliasState:
    """The index that an alias names, next to the one that the database records as live; "" for neither."""

    alias: str
    target: str
    live: str

    @property
    def in_agreement(self) -> bool:
        return self.target == self.live

    def __str__(self) -> str:
        return f"{self.alias} names {self.target or 'no index'}, {self.live or 'no index'} is recorded as live"


def alias_state(alias: str, using: str = DEFAULT_DB_ALIAS) -> AliasState:
    """Compare one alias with its record. Raise what `alias_target` raises.

    The record is read first: an index is recorded before it is swapped in.
    """
    live = records.live_index(alias, using)
    return AliasState(alias, alias_target(alias, using) or "", live.name if live else "")


def searched_index(alias: str, using: str = DEFAULT_DB_ALIAS) -> str:
    """Return the index that is searched. Raise NoIndex, or AliasMismatch if alias and record disagree."""
    state = alias_state(alias, using)
    if not state.target and not state.live:
        raise NoIndex(alias)
    if not state.in_agreement:
        raise AliasMismatch(state)
    return state.target


def sync_records_with_alias(
    alias: str, using: str, old_state: IndexState = IndexState.RETIRED
) -> tuple[str, str] | None:
    """Record the index that the alias names as live, if a crash after a swap has lost that record.

    Return the names of the live index and of the one before it; None if alias and record agree already.
    """
    state = alias_state(alias, using)
    if not state.target or state.in_agreement:
        return None
    return state.target, records.record_live(alias, state.target, using, old_state)


def unwritten_aliases(using: str) -> list[AliasState]:
    """Return the aliases that name an index which no push writes to.

    An alias without a live index is left out: without one nothing is confirmed at all. So is a plain index with an
    alias's name, which is not an alias.
    """
    states: dict[str, dict[str, str]] = {}
    for name, alias, state in Index.objects.using(using).targets().values_list("name", "alias", "state"):
        states.setdefault(alias, {})[name] = state
    live = {alias: name for alias in states for name, state in states[alias].items() if state == IndexState.LIVE}
    with translate_errors():  # read after the records: an index is recorded before it is swapped in
        targets = alias_targets(sorted({alias_of(document) for document in documents()}), request_timeout=GUARD_TIMEOUT)
    return [
        AliasState(alias, name, live[alias])
        for alias in targets
        for name in targets[alias]
        if alias in live and name not in states[alias] and name != alias
    ]


def assert_alias_is_written(using: str = DEFAULT_DB_ALIAS) -> None:
    """Raise AliasMismatch if an alias names an index that no push writes to.

    Pass if Elasticsearch does not answer: it will not confirm a push either.
    """
    with suppress(EngineUnavailable, EngineRefused):
        # Twice, because a whole rebuild may end between the two reads of one comparison.
        if unwritten_aliases(using) and (states := unwritten_aliases(using)):
            raise AliasMismatch("; ".join(map(str, states)))


class AliasGuard:
    """Keeps a pusher from confirming entries by an index that no search reads."""

    def __init__(self, using: str, clock: Callable[[], float] = monotonic) -> None:
        self.using = using
        self._clock = clock
        self._passed_at = float("-inf")
        self._logged = False

    def check(self) -> bool:
        """Return whether pushes reach the index that is searched; log the first failure.

        Makes one HTTP call and one query, but none for GUARD_INTERVAL seconds after a check that passed.
        """
        if self._clock() - self._passed_at < GUARD_INTERVAL:
            return True
        try:
            assert_alias_is_written(self.using)
        except AliasMismatch as error:
            if not self._logged:
                logger.error("nothing is pushed: %s", error)
            self._logged = True
            return False
        self._passed_at, self._logged = self._clock(), False
        return True
