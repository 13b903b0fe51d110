"""What the engine's answer to one operation means. Pure functions: the table of causes lives here alone."""

import re
from enum import StrEnum
from typing import Any, NamedTuple


class Outcome(StrEnum):
    """What became of an entry, or of one operation."""

    DONE = "done"  # every target has it
    AHEAD = "ahead"  # 409: an index holds a higher version; confirms nothing
    REFUSED = "refused"  # the document itself, for a named cause: a dead letter
    RETRY = "retry"  # anything else, known or not: later, for ever
    UNREACHABLE = "unreachable"  # the engine did not answer at all: when it does again, no attempt is counted
    WAITING = "waiting"  # not this process's to finish: no live index, or a building index of other code
    SETTLING = "settling"  # a delete that is confirmed once, and not due again: nothing was sent, nothing moves
    DEAD = "dead"  # a dead letter: nothing was sent, nothing moves


class Answer(NamedTuple):
    """An operation's outcome, why, and (AHEAD) the version the index holds."""

    outcome: Outcome
    error: str = ""
    version: int = 0


# Causes that lie in the document: sending it again cannot help. Anything else may pass.
REFUSALS = frozenset({"document_parsing_exception", "mapper_parsing_exception", "strict_dynamic_mapping_exception"})
# The same, said of a whole bulk that holds this one document only.
LONE_REFUSALS = frozenset({"action_request_validation_exception", "illegal_argument_exception"})
CURRENT_VERSION = re.compile(r"current version \[(\d+)\]")
FIELD = re.compile(r"field \[([^\]]{1,80})\]|introduction of \[([^\]]{1,80})\]")


def describe(error: dict[str, Any]) -> str:
    """The engine's error type and the field, at most 80 characters; never the value: it is a customer's."""
    kind = str(error.get("type", "unknown"))
    found = FIELD.search(str(error.get("reason", "")))
    field = (found.group(1) or found.group(2)) if found else ""
    return (f"{kind}: {field}" if field else kind)[:80]


def classify(operation: str, item: dict[str, Any]) -> Answer:
    """The answer to one operation (`index` or `delete`) of a bulk, from its item of the response."""
    status, error = int(item.get("status", 0)), item.get("error") or {}
    if 200 <= status < 300 or (operation == "delete" and status == 404 and item.get("result") == "not_found"):
        return Answer(Outcome.DONE)
    if status == 409:
        found = CURRENT_VERSION.search(str(error.get("reason", "")))
        return Answer(Outcome.AHEAD, describe(error), int(found.group(1)) if found else 0)
    refused = error.get("type") in REFUSALS
    return Answer(Outcome.REFUSED if refused else Outcome.RETRY, describe(error) if error else f"status {status}")


def classify_lone(status: int, body: Any) -> Answer:
    """The answer to a whole bulk of one document that was refused with 400 or 413."""
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {"type": str(error or f"status {status}")}
    refused = status == 413 or error.get("type") in LONE_REFUSALS
    return Answer(Outcome.REFUSED if refused else Outcome.RETRY, describe(error))


ANSWERED = frozenset({Outcome.DONE, Outcome.AHEAD, Outcome.REFUSED, Outcome.RETRY})  # the engine was there
ORDER = (  # which of an entry's answers speaks for it
    Outcome.DEAD,
    Outcome.REFUSED,
    Outcome.UNREACHABLE,
    Outcome.AHEAD,
    Outcome.RETRY,
    Outcome.WAITING,
    Outcome.SETTLING,
    Outcome.DONE,
)


def combine(answers: list[Answer]) -> Answer:
    """An entry's answer from those of its operations: done only when all are."""
    return min(answers, key=lambda answer: ORDER.index(answer.outcome), default=Answer(Outcome.DONE))
