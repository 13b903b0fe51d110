"""What became of a request's pushes: the answer's `X-Search-Status`."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class RequestStatus:
    """Whether this request pushed anything, and whether all of it was confirmed."""

    pushed: bool = False
    confirmed: bool = True

    def __str__(self) -> str:
        return "indexed" if self.pushed and self.confirmed else "pending"


# A mutable value: what a thread of an async request notes is seen by the middleware that set it.
current: ContextVar[RequestStatus | None] = ContextVar("search_request_status", default=None)


def note(confirmed: bool) -> None:
    """Note the outcome of one push for the request it belongs to, if any."""
    status = current.get()
    if status is not None:
        status.pushed = True
        status.confirmed = status.confirmed and confirmed
