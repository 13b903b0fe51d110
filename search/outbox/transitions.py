"""The outbox's state transitions: claim entries, and apply the results of a push to them.

Every transition but raising a version is one autocommitted statement that names an entry by key *and* token, so the
push of an older change never confirms a newer one.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import OperationalError, connections, transaction

from ..conf import conf
from ..mapping.keys import Key
from ..models import Entry, EntryState
from . import capture
from .backoff import retry_delay
from .introspection import is_lock_timeout
from .outcomes import Outcome, PushResult
from .statements import load_statements

logger = logging.getLogger(__name__)
ANY_AGE = 1e9  # seconds: 30 years
# Losing these writes in a crash is harmless: the entries are pushed again. They never wait long for a writer. Force
# the index scan: statistics from a time when the outbox was empty, or bloated, would choose another plan, and the
# planner's inflated cost of a sequential scan would trigger JIT on every call.
SESSION_SETTINGS = """\
SET synchronous_commit = off; SET lock_timeout = '1s';
SET enable_bitmapscan = off; SET enable_seqscan = off; SET jit = off"""


def connect(using: str) -> None:
    """Ensure a usable connection, with the session settings of the transitions."""
    connection = connections[using]
    connection.close_if_unusable_or_obsolete()
    if connection.connection is None and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(SESSION_SETTINGS)


def claim(using: str, *, limit: int, older: float = 0.0, within: float = ANY_AGE) -> list[str]:
    """Lease up to `limit` due entries, changed at least `older` seconds ago, and return their keys.

    Only entries that became due `within` the last seconds: reading past older ones is slow while a long transaction
    keeps the database from removing dead rows. The lease lasts RELAY_LEASE seconds.
    """
    values = {"limit": limit, "older": older, "within": within, "lease": conf.RELAY_LEASE}
    return [key for (key,) in _execute(using, "claim", values)]


def apply_results(results: Sequence[PushResult], using: str) -> None:
    """Write the results of a push to their entries: confirm, settle, postpone, mark as dead, or raise the version."""
    by_outcome: dict[Outcome, list[PushResult]] = defaultdict(list)
    for result in results:
        by_outcome[result.outcome].append(result)
    if done := by_outcome[Outcome.DONE]:
        _confirm(done, using)
    if failed := by_outcome[Outcome.RETRY] + by_outcome[Outcome.BLOCKED]:
        _postpone(failed, using)
    if unreachable := by_outcome[Outcome.UNREACHABLE]:
        _end_leases(unreachable, using)
    if refused := by_outcome[Outcome.REFUSED]:
        _mark_dead(refused, using)
    # Last, since it may wait for a writer of the row, and the others must not wait with it.
    if conflicts := by_outcome[Outcome.VERSION_CONFLICT]:
        _raise_versions(conflicts, using)
    # SETTLING and DEAD: nothing was sent, so the entry stays as it is.


def _confirm(results: list[PushResult], using: str) -> None:
    """Remove confirmed entries; a delete settles first, and is removed when it is confirmed a second time.

    The state *as it was read* counts, so a first confirmation is never taken for the second.
    """
    writes = [result for result in results if not result.deleted]
    deletes = [result for result in results if result.deleted]
    settled = [result for result in deletes if result.entry.state == EntryState.SETTLING]
    unsettled = [result for result in deletes if result.entry.state != EntryState.SETTLING]
    if writes:
        _execute(using, "confirm", entries=_identities(writes))
    if settled:
        _delete_settled(settled, using)
    if unsettled:
        _execute(using, "settle", {"grace_period": conf.DELETE_GRACE_PERIOD}, _identities(unsettled))


def _delete_settled(results: list[PushResult], using: str) -> None:
    """Remove deletes confirmed twice; the model's version floor takes over their versions."""
    if connections[using].vendor == "postgresql":
        _execute(using, "delete_settled", entries=_identities(results))
        return
    with transaction.atomic(using=using):
        _execute(using, "raise_floor", entries=_identities(results))
        _execute(using, "delete_settled", entries=_identities(results))


def _postpone(results: list[PushResult], using: str) -> None:
    entries = [
        _identity(result)
        | {
            "delay": retry_delay(result.entry.attempts + 1).total_seconds(),
            "attempts": result.entry.attempts + 1,
            "error": result.error,
        }
        for result in results
    ]
    _execute(using, "postpone", entries=entries)


def _end_leases(results: list[PushResult], using: str) -> None:
    """Leave the entries due and count no attempt: Elasticsearch was unreachable, which is not the entry's fault."""
    entries = [
        _identity(result) | {"delay": 0.0, "attempts": result.entry.attempts, "error": result.error}
        for result in results
        if result.entry.is_leased
    ]
    if entries:
        _execute(using, "postpone", entries=entries)


def _mark_dead(results: list[PushResult], using: str) -> None:
    for result in results:
        logger.error("dead letter %s: %s", result.entry.key, result.error)
    _execute(using, "mark_dead", entries=[_identity(result) | {"error": result.error} for result in results])


def _raise_versions(results: list[PushResult], using: str) -> None:
    """Raise rows above the index's version, where no newer change replaced the entry: after a restore or failover.

    If a newer change was pushed first, a conflict needs nothing: that change has its own entry, with a new token.
    """
    keys = [result.entry.key for result in results]
    tokens = dict(Entry.objects.using(using).filter(key__in=keys).values_list("key", "token"))
    for result in results:
        entry, version = result.entry, max(result.combined.version, result.entry.version)
        if tokens.get(entry.key) != entry.token:
            continue
        key = Key.parse(entry.key)
        logger.warning("%s: the index is ahead at version %s; raising the row above it", entry.key, version)
        try:
            # The row first, then its entry, as every writer locks them.
            if not capture.touch(key.model, [key.model._meta.pk.to_python(key.pk)], above=version, using=using):
                _execute(using, "raise_version", entries=[_identity(result) | {"version": version}])
        except OperationalError as error:
            if not is_lock_timeout(error):
                raise
            logger.info("%s: the row is locked by a writer; the next push raises it", entry.key)
            return


def _identity(result: PushResult) -> dict[str, Any]:
    return {"key": result.entry.key, "token": result.entry.token.hex}


def _identities(results: list[PushResult]) -> list[dict[str, Any]]:
    return [_identity(result) for result in results]


def _execute(
    using: str, name: str, values: dict[str, Any] | None = None, entries: Sequence[dict[str, Any]] = ()
) -> list[Any]:
    """Execute a named statement with `values`, and the columns of `entries`: arrays on PostgreSQL, JSON on SQLite."""
    connection = connections[using]
    parameters = dict(values or {})
    if connection.vendor == "postgresql":
        parameters |= {column: [entry[column] for entry in entries] for column in (entries[0] if entries else ())}
    else:
        parameters["entries"] = json.dumps(entries)
    with connection.cursor() as cursor:
        cursor.execute(load_statements(f"outbox_{connection.vendor}.sql")[name], parameters)
        return cursor.fetchall() if cursor.description else []
