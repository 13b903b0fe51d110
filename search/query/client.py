"""The client of one request: one deadline for all its calls, and no partial results."""

from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from ..client import client, translate_errors
from ..conf import conf
from ..exceptions import CursorExpired, SearchTooSlow
from .cursor import KEEP_ALIVE

MIN_REMAINING = 0.01  # seconds in which a call may still be answered


@dataclass
class DeadlineClient:
    """A client for one index or alias that answers within `seconds` of its creation, or raises SearchTooSlow."""

    index: str
    seconds: float = field(default_factory=lambda: conf.TIMEOUT)
    started_at: float = field(default_factory=monotonic)

    @property
    def remaining(self) -> float:
        """Return the seconds left. Raise SearchTooSlow when there are none."""
        remaining = self.seconds - (monotonic() - self.started_at)
        if remaining < MIN_REMAINING:
            raise SearchTooSlow
        return remaining

    @property
    def engine(self) -> Elasticsearch:
        return client(request_timeout=self.remaining)

    def search(self, body: dict[str, Any], pit: str = "") -> dict[str, Any]:
        """Search the index, or a point in time when `pit` is given. Return the whole response or raise SearchError."""
        # The engine stops a little earlier than the client, so that it can answer that it ran out of time.
        body = body | {"timeout": f"{int(self.remaining * 900)}ms"}
        body |= {"pit": {"id": pit, "keep_alive": KEEP_ALIVE}} if pit else {}
        index = None if pit else self.index
        try:
            with translate_errors():
                response = self.engine.search(index=index, body=body, allow_partial_search_results=False)
        except Exception as error:
            if pit and isinstance(error.__cause__, NotFoundError):
                raise CursorExpired from error.__cause__
            raise
        result: dict[str, Any] = response.body
        if result["timed_out"]:
            raise SearchTooSlow
        return result

    def open_point_in_time(self) -> str:
        with translate_errors():
            return str(self.engine.open_point_in_time(index=self.index, keep_alive=KEEP_ALIVE)["id"])

    def close_point_in_time(self, pit: str) -> None:
        """Close a point in time that no cursor refers to."""
        with translate_errors():
            self.engine.close_point_in_time(id=pit)
