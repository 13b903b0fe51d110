"""Sends operations as bulks, split by count and bytes, and halves a bulk that is refused whole."""

from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any

from elasticsearch import ApiError, TransportError

from .. import metrics
from ..client import client_with_timeout
from ..conf import conf
from ..outbox.outcomes import Answer, Outcome, classify, classify_lone
from .actions import Operation

# Only what classify reads: the full answer is six times as long.
FILTER = ["items.*.status", "items.*.result", "items.*.error.type", "items.*.error.reason"]
Answers = list[tuple[Operation, Answer]]


def call_timeout() -> float:
    """Return the seconds for one call: below half of the grace period, so that nothing sent arrives after it."""
    return min(conf.ENGINE_TIMEOUT, conf.DELETE_GRACE_PERIOD * 0.4)


def send(operations: Sequence[Operation], read_at: float, timeout: float) -> Answers:
    """Send all operations; an answer for each. `read_at` (monotonic) is when their rows were read.

    Nothing is sent when they are older than half of DELETE_GRACE_PERIOD, or a relay's lease of them is over.
    """
    answers: Answers = []
    for chunk in split(operations):
        if answers and answers[-1][1].outcome is Outcome.UNREACHABLE:
            answers += [(operation, answers[-1][1]) for operation in chunk]  # no use in knocking again
        elif (left := read_at + min(conf.DELETE_GRACE_PERIOD / 2, conf.RELAY_LEASE) - monotonic()) <= 0:
            answers += [(operation, Answer(Outcome.RETRY, "rows too old to send")) for operation in chunk]
        else:
            answers += _send_one(chunk, min(timeout, left))
    return answers


def split(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    """Chunks of at most BULK_MAX_DOCUMENTS operations and BULK_MAX_BYTES bytes; a longer one goes alone."""
    chunk: list[Operation] = []
    size = 0
    for operation in operations:
        if chunk and (len(chunk) >= conf.BULK_MAX_DOCUMENTS or size + len(operation.body) > conf.BULK_MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(operation)
        size += len(operation.body)
    if chunk:
        yield chunk


def _send_one(chunk: list[Operation], timeout: float) -> Answers:
    """One `_bulk`; halved when the engine refuses it whole for what may lie in one document."""
    body: list[Any] = [operation.body for operation in chunk]  # lines as they are, which the client sends untouched
    metrics.bulk_documents.observe(len(body))
    metrics.bulk_bytes.observe(sum(map(len, body)))
    try:
        with metrics.bulk_seconds.time():
            response = client_with_timeout(timeout).bulk(operations=body, filter_path=FILTER)
    except ApiError as error:
        return _refused(chunk, error, timeout)
    except TransportError as error:
        return [(operation, Answer(Outcome.UNREACHABLE, type(error).__name__)) for operation in chunk]
    return _items(chunk, response.body.get("items", []))


def _items(chunk: list[Operation], items: list[dict[str, Any]]) -> Answers:
    """Each operation's answer; an answer of the wrong length (a proxy's?) confirms nothing."""
    if len(items) != len(chunk):
        return [(operation, Answer(Outcome.RETRY, "an answer of the wrong length")) for operation in chunk]
    return [
        (operation, _distrust(operation, classify(operation.name, item.get(operation.name, {}))))
        for operation, item in zip(chunk, items, strict=True)
    ]


def _distrust(operation: Operation, answer: Answer) -> Answer:
    """A refusal by an index of other code says nothing about the document."""
    if answer.outcome is Outcome.REFUSED and not operation.trusted:
        return Answer(Outcome.RETRY, answer.error)
    return answer


def _refused(chunk: list[Operation], error: ApiError, timeout: float) -> Answers:
    """A bulk refused whole: halve it for 400 and 413 down to the one that causes it; else all wait."""
    status = error.meta.status
    if status not in (400, 413):
        outcome = Outcome.UNREACHABLE if status in (502, 503, 504) else Outcome.RETRY
        return [(operation, Answer(outcome, f"status {status}")) for operation in chunk]
    if len(chunk) == 1:
        return [(chunk[0], _distrust(chunk[0], classify_lone(status, error.body)))]
    middle = len(chunk) // 2
    return _send_one(chunk[:middle], timeout) + _send_one(chunk[middle:], timeout)
