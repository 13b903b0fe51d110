"""Post actions as `_bulk` requests, split by count and bytes; halve a request that is refused as a whole."""

from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any

from elasticsearch import ApiError, TransportError

from .. import metrics
from ..client import client_with_timeout
from ..conf import conf
from ..outbox.outcomes import ActionResult, Outcome, classify_item, classify_refused_bulk
from .actions import BulkAction

# Only what classify_item() reads: the full response is six times as long.
FILTER_PATH = ["items.*.status", "items.*.result", "items.*.error.type", "items.*.error.reason"]
BulkResults = list[tuple[BulkAction, ActionResult]]


def call_timeout() -> float:
    """Return the seconds for one call, below half of the grace period.

    Nothing may arrive later than DELETE_GRACE_PERIOD after its row was read.
    """
    return min(conf.ENGINE_TIMEOUT, conf.DELETE_GRACE_PERIOD * 0.4)


def post_bulk(actions: Sequence[BulkAction], read_at: float, timeout: float) -> BulkResults:
    """Post all actions and return a result for each. `read_at` (monotonic) is when their rows were read.

    Nothing is sent once they are older than half of DELETE_GRACE_PERIOD, or than a relay's lease of their entries.
    """
    results: BulkResults = []
    for chunk in split(actions):
        if results and results[-1][1].outcome is Outcome.UNREACHABLE:
            results += [(action, results[-1][1]) for action in chunk]  # the next request would fail as well
        elif (remaining := read_at + min(conf.DELETE_GRACE_PERIOD / 2, conf.RELAY_LEASE) - monotonic()) <= 0:
            results += [(action, ActionResult(Outcome.RETRY, "rows too old to send")) for action in chunk]
        else:
            results += _post(chunk, min(timeout, remaining))
    return results


def split(actions: Sequence[BulkAction]) -> Iterator[list[BulkAction]]:
    """Yield chunks of at most BULK_MAX_DOCUMENTS actions and BULK_MAX_BYTES bytes; a longer action goes alone."""
    chunk: list[BulkAction] = []
    size = 0
    for action in actions:
        if chunk and (len(chunk) >= conf.BULK_MAX_DOCUMENTS or size + len(action.body) > conf.BULK_MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(action)
        size += len(action.body)
    if chunk:
        yield chunk


def _post(chunk: list[BulkAction], timeout: float) -> BulkResults:
    """Post one `_bulk`; halve it if it is refused as a whole for what may be in one document."""
    body: list[Any] = [action.body for action in chunk]  # bytes, which the client sends unchanged
    metrics.bulk_documents.observe(len(body))
    metrics.bulk_bytes.observe(sum(map(len, body)))
    try:
        with metrics.bulk_seconds.time():
            response = client_with_timeout(timeout).bulk(operations=body, filter_path=FILTER_PATH)
    except ApiError as error:
        return _refused(chunk, error, timeout)
    except TransportError as error:
        return [(action, ActionResult(Outcome.UNREACHABLE, type(error).__name__)) for action in chunk]
    return _item_results(chunk, response.body.get("items", []))


def _item_results(chunk: list[BulkAction], items: list[dict[str, Any]]) -> BulkResults:
    """Return each action's result; a response of the wrong length (from a proxy?) confirms nothing."""
    if len(items) != len(chunk):
        return [(action, ActionResult(Outcome.RETRY, "an answer of the wrong length")) for action in chunk]
    return [
        (action, _retry_on_other_mapping(action, classify_item(action.op_type, item.get(action.op_type, {}))))
        for action, item in zip(chunk, items, strict=True)
    ]


def _retry_on_other_mapping(action: BulkAction, result: ActionResult) -> ActionResult:
    """Replace REFUSED by RETRY for an index of other code: its refusal says nothing about the document."""
    if result.outcome is Outcome.REFUSED and not action.same_fingerprint:
        return ActionResult(Outcome.RETRY, result.error)
    return result


def _refused(chunk: list[BulkAction], error: ApiError, timeout: float) -> BulkResults:
    """Halve a bulk refused with 400 or 413 until the action that causes it is alone; retry any other later."""
    status = error.meta.status
    if status not in (400, 413):
        outcome = Outcome.UNREACHABLE if status in (502, 503, 504) else Outcome.RETRY
        return [(action, ActionResult(outcome, f"status {status}")) for action in chunk]
    if len(chunk) == 1:
        return [(chunk[0], _retry_on_other_mapping(chunk[0], classify_refused_bulk(status, error.body)))]
    middle = len(chunk) // 2
    return _post(chunk[:middle], timeout) + _post(chunk[middle:], timeout)
