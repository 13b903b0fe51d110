"""One request's questions to the engine: all within one time limit, none answered in part."""

from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from django.conf import settings
from elasticsearch import Elasticsearch, NotFoundError

from order_search.documents import OrderDocument

from ..client import client, translate_errors
from ..exceptions import CursorExpired, SearchTooSlow
from .cursor import KEEP_ALIVE

TIMEOUT = 0.7  # seconds; the answer that there is none must come within 1 s, on a busy machine too
EMBEDDED_TIMEOUT = 10.0  # the embedded engine looks at every document for every word
LEAST = 0.01  # seconds in which a question may still be answered


def timeout() -> float:
    """Seconds that a search may take."""
    return EMBEDDED_TIMEOUT if settings.ELASTICSEARCH_IS_EMBEDDED else TIMEOUT


@dataclass
class Asking:
    """Which index is asked (the alias, unless another is named), and until when."""

    index: str = field(default_factory=lambda: str(OrderDocument._index._name))
    seconds: float = field(default_factory=timeout)
    began: float = field(default_factory=monotonic)

    @property
    def left(self) -> float:
        """Seconds; SearchTooSlow when there are none."""
        if (left := self.seconds - (monotonic() - self.began)) < LEAST:
            raise SearchTooSlow
        return left

    @property
    def engine(self) -> Elasticsearch:
        """The client, with the time that is left."""
        return client(request_timeout=self.left)

    def answer(self, search: dict[str, Any], point: str = "") -> dict[str, Any]:
        """What the engine answers, as it looks now or looked at a point in time. SearchError when it does not."""
        # The engine stops a little earlier than we do, and then has no answer rather than a part of one.
        body = search | {"timeout": f"{int(self.left * 900)}ms"}
        body |= {"pit": {"id": point, "keep_alive": KEEP_ALIVE}} if point else {}
        index = None if point else self.index
        try:
            with translate_errors():
                answer = self.engine.search(index=index, body=body, allow_partial_search_results=False)
        except Exception as error:
            if point and isinstance(error.__cause__, NotFoundError):
                raise CursorExpired from error.__cause__
            raise
        found: dict[str, Any] = answer.body
        if found["timed_out"]:
            raise SearchTooSlow
        return found

    def open(self) -> str:
        """A point in time, which ends by itself when it is not asked for a while."""
        with translate_errors():
            return str(self.engine.open_point_in_time(index=self.index, keep_alive=KEEP_ALIVE)["id"])

    def close(self, point: str) -> None:
        """End a point in time that nobody can go on with."""
        with translate_errors():
            self.engine.close_point_in_time(id=point)
