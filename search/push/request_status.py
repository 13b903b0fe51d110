"""Whether a request's changes were confirmed: the `X-Search-Status` of its response."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class RequestStatus:
    """Whether this request pushed anything, and whether all of it was confirmed."""

    pushed: bool = False
    confirmed: bool = True

    def __str__(self) -> str:
        return "indexed" if self.pushed and self.confirmed else "pending"


# A mutable value, so the middleware sees what another thread of an async request recorded.
current: ContextVar[RequestStatus | None] = ContextVar("search_request_status", default=None)


def note(confirmed: bool) -> None:
    """Record the result of one push for the request that it belongs to, if any."""
    status = current.get()
    if status is not None:
        status.pushed = True
        status.confirmed = status.confirmed and confirmed
