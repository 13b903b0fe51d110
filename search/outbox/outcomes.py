"""What a response of Elasticsearch means for an entry. Pure functions; the table of causes is here and nowhere else."""

import re
from enum import StrEnum
from typing import Any, NamedTuple

from .entries import EntrySnapshot


class Outcome(StrEnum):
    """The outcome of one bulk action, or of an entry."""

    DONE = "done"  # every target has it
    VERSION_CONFLICT = "version_conflict"  # 409: an index holds a higher version; confirms nothing
    REFUSED = "refused"  # the document itself is refused, for a named cause: a dead letter
    RETRY = "retry"  # any other failure, known or not: retried without a limit
    UNREACHABLE = "unreachable"  # Elasticsearch did not respond: retried when it does, and no attempt is counted
    BLOCKED = "blocked"  # this process cannot complete it: no live index, or an index of newer code
    SETTLING = "settling"  # a delete confirmed once and not due again: nothing was sent
    DEAD = "dead"  # a dead letter: nothing was sent


class ActionResult(NamedTuple):
    """The outcome of one action, its cause, and (VERSION_CONFLICT) the version that the index holds."""

    outcome: Outcome
    error: str = ""
    version: int = 0


class PushResult(NamedTuple):
    """The outcome of pushing one entry, as it was read, to all of its targets."""

    entry: EntrySnapshot
    combined: ActionResult  # of all targets
    deleted: bool  # a delete was sent to some target, so the entry settles before it is removed

    @property
    def outcome(self) -> Outcome:
        return self.combined.outcome

    @property
    def error(self) -> str:
        return self.combined.error

    @property
    def done(self) -> bool:
        """Whether every target has the change."""
        return self.outcome in (Outcome.DONE, Outcome.SETTLING)


# Causes in the document itself: sending it again cannot help. Any other cause may pass.
REFUSALS = frozenset({"document_parsing_exception", "mapper_parsing_exception", "strict_dynamic_mapping_exception"})
# The same, as the error of a whole bulk that contains this document only.
LONE_REFUSALS = frozenset({"action_request_validation_exception", "illegal_argument_exception"})
CURRENT_VERSION = re.compile(r"current version \[(\d+)\]")
FIELD = re.compile(r"field \[([^\]]{1,80})\]|introduction of \[([^\]]{1,80})\]")
# Outcomes for which Elasticsearch has responded.
RESPONDED = frozenset({Outcome.DONE, Outcome.VERSION_CONFLICT, Outcome.REFUSED, Outcome.RETRY})
# Which of an entry's action results stands for the entry: the first of these.
PRECEDENCE = (
    Outcome.DEAD,
    Outcome.REFUSED,
    Outcome.UNREACHABLE,
    Outcome.VERSION_CONFLICT,
    Outcome.RETRY,
    Outcome.BLOCKED,
    Outcome.SETTLING,
    Outcome.DONE,
)


def classify_item(op_type: str, item: dict[str, Any]) -> ActionResult:
    """Return the result of one action (`index` or `delete`) from its item of a bulk response."""
    status, error = int(item.get("status", 0)), item.get("error") or {}
    if 200 <= status < 300 or (op_type == "delete" and status == 404 and item.get("result") == "not_found"):
        return ActionResult(Outcome.DONE)
    if status == 409:
        match = CURRENT_VERSION.search(str(error.get("reason", "")))
        return ActionResult(Outcome.VERSION_CONFLICT, describe(error), int(match.group(1)) if match else 0)
    outcome = Outcome.REFUSED if error.get("type") in REFUSALS else Outcome.RETRY
    return ActionResult(outcome, describe(error) if error else f"status {status}")


def classify_refused_bulk(status: int, body: Any) -> ActionResult:
    """Return the result of the only action of a bulk that was refused as a whole with status 400 or 413."""
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {"type": str(error or f"status {status}")}
    refused = status == 413 or error.get("type") in LONE_REFUSALS
    return ActionResult(Outcome.REFUSED if refused else Outcome.RETRY, describe(error))


def describe(error: dict[str, Any]) -> str:
    """Return the error's type and field, at most 80 characters; never the value, which is personal data."""
    kind = str(error.get("type", "unknown"))
    match = FIELD.search(str(error.get("reason", "")))
    field = (match.group(1) or match.group(2)) if match else ""
    return (f"{kind}: {field}" if field else kind)[:80]


def combine(results: list[ActionResult]) -> ActionResult:
    """Return an entry's result from those of its actions: DONE only when all are."""
    return min(results, key=lambda result: PRECEDENCE.index(result.outcome), default=ActionResult(Outcome.DONE))
