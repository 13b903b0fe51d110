"""A push: bring the current entries of some keys to every target index.

It changes nothing in the database: `outbox.transitions.apply_results` writes the results, off the request's path.
"""

from collections.abc import Collection

from .. import metrics
from ..outbox.outcomes import PushResult, combine
from . import actions, bulk
from .actions import ReadResult


def push_keys(keys: Collection[str], using: str, timeout: float | None = None) -> list[PushResult]:
    """Push the entries of these keys and return a result for each entry; a key without one has nothing to push.

    `timeout` is for each call to Elasticsearch, in seconds. Its errors are in the results; only database errors are
    raised.
    """
    return send_actions(actions.build_actions(keys, using), timeout)


def send_actions(read: ReadResult, timeout: float | None = None) -> list[PushResult]:
    """Send the actions and return a result for each entry. Does not use the database, so any thread may call it."""
    for action, action_result in bulk.post_bulk(read.actions, read.read_at, timeout or bulk.call_timeout()):
        read.action_results[action.key].append(action_result)
    deleted = read.deleted_keys
    results = [
        PushResult(entry, combine(read.action_results[key]), key in deleted) for key, entry in read.entries.items()
    ]
    metrics.observe(results)
    return results
