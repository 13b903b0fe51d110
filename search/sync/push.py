"""A push: bring keys' entries to the index now. Reads, sends, and says what became of each entry.

It changes nothing in the database: `outbox.record` writes down what this returns, off the request's path.
"""

import logging
from collections.abc import Collection
from typing import NamedTuple

from django.db import Error as DatabaseError

from search.models import Entry
from search.sync import bulk, metrics, reading
from search.sync.outcomes import Answer, Outcome, combine

log = logging.getLogger("search.push")


class Pushed(NamedTuple):
    """What became of an entry, as it was read."""

    entry: Entry
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
    try:
        found = reading.read(keys, using)
    except DatabaseError:
        raise
    except Exception as error:
        if len(keys) < 2:
            return _unread(keys, using, error)
        # One row that cannot be read must not hold up the others.
        halves = list(keys)
        middle = len(halves) // 2
        return push(halves[:middle], using, timeout) + push(halves[middle:], using, timeout)
    for operation, answer in bulk.send(found.operations, found.read_at, timeout or bulk.call_timeout()):
        found.answers[operation.key].append(answer)
    deletes = found.deletes
    results = [Pushed(entry, combine(found.answers[key]), key in deletes) for key, entry in found.entries.items()]
    metrics.observe(results)
    return results


def _unread(keys: Collection[str], using: str, error: Exception) -> list[Pushed]:
    """The entry of the one row that cannot be read: its code may be mended, or the row."""
    log.error("%s cannot be read", *keys, exc_info=error)
    answer = Answer(Outcome.RETRY, f"read: {type(error).__name__}")
    results = [Pushed(entry, answer, False) for entry in Entry.objects.using(using).filter(key__in=keys)]
    metrics.observe(results)
    return results
