"""The outbox's moves: claim entries, and write down what a push made of them.

Every move but `raise_above` is one autocommitted statement that names an entry by key *and* token, so that a change
captured in the meantime is never confirmed by the push of an older one.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from django.db import OperationalError, connections, transaction

from ..conf import conf
from ..mapping.keys import Key
from ..models import Entry, EntryState
from ..push.push import Pushed
from . import capture
from .backoff import retry_delay
from .introspection import is_busy
from .outcomes import Outcome

logger = logging.getLogger(__name__)
EVER = 1e9  # seconds: 30 years
# What the moves write may be lost in a crash: it would only be done again. They never wait long for a writer. Due
# entries are found by the index, in its order, also where the outbox was empty when it was analyzed, or is bloated. A
# table read as a whole has a price beyond all others then, for which PostgreSQL would compile the statement each time.
TUNED = """\
SET synchronous_commit = off; SET lock_timeout = '1s';
SET enable_bitmapscan = off; SET enable_seqscan = off; SET jit = off"""


@cache
def statements(vendor: str) -> dict[str, str]:
    """The named statements of one database, from sql/."""
    text = files(__package__).joinpath(f"sql/outbox_{vendor}.sql").read_text()
    parts = (part.split("\n", 1) for part in text.split("-- name: ")[1:])
    return {name.strip(): body.strip() for name, body in parts}


def connect(using: str) -> None:
    """A live connection for the moves."""
    connection = connections[using]
    connection.close_if_unusable_or_obsolete()
    if connection.connection is None and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(TUNED)


def claim(using: str, *, limit: int, older: float = 0.0, within: float = EVER) -> list[str]:
    """Lease up to `limit` due entries, changed at least `older` seconds ago, to the caller for RELAY_LEASE seconds.

    Only those that became due `within` the last seconds: what lies before costs time while an old transaction keeps
    the database from tidying up.
    """
    values: dict[str, Any] = {"limit": limit, "older": older, "within": within, "lease": conf.RELAY_LEASE}
    return [key for (key,) in _execute(using, "claim", **values)]


def record(results: Sequence[Pushed], using: str) -> None:
    """Write down what became of pushed entries: forget, settle, postpone, bury or raise them."""
    moves: dict[str, list[Pushed]] = defaultdict(list)
    for result in results:
        moves[_move(result)].append(result)
    for name, move in MOVES.items():
        if name in moves:
            move(moves[name], using)


def _move(result: Pushed) -> str:
    """What to do with one result. The entry *as it was read* counts: a first delete is never taken for the second."""
    if result.answer.outcome is not Outcome.DONE:
        return str(result.answer.outcome)
    if not result.deleted:
        return "remove"
    return "forget" if result.entry.state == EntryState.SETTLING else "settle"


def _remove(results: list[Pushed], using: str) -> None:
    _execute(using, "remove", results)


def _forget(results: list[Pushed], using: str) -> None:
    """Remove deletes confirmed twice; what their entries knew of the version, the model's floor knows from here on."""
    if connections[using].vendor == "postgresql":
        _execute(using, "forget", results)
        return
    with transaction.atomic(using=using):
        _execute(using, "floor", results)
        _execute(using, "forget", results)


def _settle(results: list[Pushed], using: str) -> None:
    _execute(using, "settle", results, settle=conf.DELETE_GRACE_PERIOD)


def _postpone(results: list[Pushed], using: str) -> None:
    delays = [retry_delay(result.entry.attempts + 1).total_seconds() for result in results]
    attempts = [result.entry.attempts + 1 for result in results]
    errors = [result.answer.error for result in results]
    _execute(using, "postpone", results, delays=delays, attempts=attempts, errors=errors)


def _release(results: list[Pushed], using: str) -> None:
    """The engine was away: no fault of the entry's, no attempt counted, due as before."""
    leased = [result for result in results if result.entry.is_leased]
    attempts = [result.entry.attempts for result in leased]
    errors = [result.answer.error for result in leased]
    if leased:
        _execute(using, "postpone", leased, delays=[0.0] * len(leased), attempts=attempts, errors=errors)


def _bury(results: list[Pushed], using: str) -> None:
    for result in results:
        logger.error("dead letter %s: %s", result.entry.key, result.answer.error)
    _execute(using, "bury", results, errors=[result.answer.error for result in results])


def _raise_above(results: list[Pushed], using: str) -> None:
    """An index holds a higher version than an entry that nothing replaced: a restore or a failover. Go above it.

    A rightful 409 (a newer change was pushed first) needs nothing: that change wrote its own entry, with a new token.
    """
    tokens = dict(Entry.objects.using(using).filter(key__in=[r.entry.key for r in results]).values_list("key", "token"))
    for result in results:
        entry, version = result.entry, max(result.answer.version, result.entry.version)
        if tokens.get(entry.key) != entry.token:
            continue
        key = Key.parse(entry.key)
        logger.warning("%s: the index is ahead at version %s; raising the row above it", entry.key, version)
        try:
            # The row first, then its entry, as every writer locks them.
            if not capture.touch(key.model, [key.model._meta.pk.to_python(key.pk)], above=version, using=using):
                _execute(using, "raise", [result], versions=[version])
        except OperationalError as error:
            if not is_busy(error):
                raise
            logger.info("%s: a writer holds the row; the next push raises what is left", entry.key)
            return


# In this order: a raise may wait for a writer of its row, and the others must not wait with it. What is settling or
# dead was not sent, and does not move.
MOVES = {
    "remove": _remove,
    "forget": _forget,
    "settle": _settle,
    Outcome.RETRY: _postpone,
    Outcome.WAITING: _postpone,
    Outcome.UNREACHABLE: _release,
    Outcome.REFUSED: _bury,
    Outcome.AHEAD: _raise_above,
}


def _execute(using: str, name: str, results: Sequence[Pushed] = (), **values: Any) -> list[Any]:
    """Run one named statement; lists in `values` go beside the results' keys and tokens, as columns of `read`."""
    connection = connections[using]
    columns = [[r.entry.key for r in results], [r.entry.token.hex for r in results]]
    if connection.vendor == "postgresql":
        values |= {"keys": columns[0], "tokens": columns[1]}
    else:
        columns += [values.pop(column) for column in ("delays", "attempts", "versions", "errors") if column in values]
        values["read"] = json.dumps(list(zip(*columns, strict=True)))
    with connection.cursor() as cursor:
        cursor.execute(statements(connection.vendor)[name], values)
        return cursor.fetchall() if cursor.description else []
