"""A push: bring keys' entries to the index now. Reads, sends, and says what became of each entry.

It changes nothing in the database: `outbox.record` writes down what this returns, off the request's path.
"""

import logging
from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db import Error as DatabaseError

from .. import metrics
from ..outbox import entries
from ..outbox.entries import EntryRead
from ..outbox.outcomes import Answer, Outcome, combine
from . import actions, bulk
from .actions import Reading

logger = logging.getLogger(__name__)


class Pushed(NamedTuple):
    """What became of an entry, as it was read."""

    entry: EntryRead
    answer: Answer
    deleted: bool  # a delete was sent to some target, so that it settles before it is forgotten

    @property
    def done(self) -> bool:
        """Whether every target has it."""
        return self.answer.outcome in (Outcome.DONE, Outcome.SETTLING)


def push(keys: Collection[str], using: str, timeout: float | None = None) -> list[Pushed]:
    """Push the entries of these keys; one result for each entry found. A key without an entry has nothing to push.

    `timeout` is for each call to the engine, in seconds. The engine's faults are in the answers; only the
    database's own errors are raised.
    """
    return send(read(keys, using), timeout)


def read(keys: Collection[str], using: str) -> list[Reading]:
    """What a push of these keys sends: one reading, or several where a row cannot be read."""
    try:
        return [actions.read(keys, using)]
    except DatabaseError:
        raise
    except Exception as error:
        if len(keys) < 2:
            return [_unread(keys, using, error)]
        # One row that cannot be read must not hold up the others.
        halves = list(keys)
        middle = len(halves) // 2
        return read(halves[:middle], using) + read(halves[middle:], using)


def send(readings: Sequence[Reading], timeout: float | None = None) -> list[Pushed]:
    """Send what was read, and say what became of each entry. It does not touch the database: any thread may call it."""
    results = [result for found in readings for result in _send(found, timeout or bulk.call_timeout())]
    metrics.observe(results)
    return results


def _send(found: Reading, timeout: float) -> list[Pushed]:
    for operation, answer in bulk.send(found.operations, found.read_at, timeout):
        found.answers[operation.key].append(answer)
    deletes = found.deletes
    return [Pushed(entry, combine(found.answers[key]), key in deletes) for key, entry in found.entries.items()]


def _unread(keys: Collection[str], using: str, error: Exception) -> Reading:
    """The entry of the one row that cannot be read: its code may be mended, or the row."""
    logger.error("%s cannot be read", *keys, exc_info=error)
    found = Reading()
    for entry in entries.read(keys, using):
        found.entries[entry.key] = entry
        found.answers[entry.key].append(Answer(Outcome.RETRY, f"read: {type(error).__name__}"))
    return found
