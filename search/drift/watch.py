"""Watching: looks for drift again and again, at a bounded cost."""

import threading
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any

from django.db import Error as DatabaseError
from django.db import close_old_connections

from ..exceptions import SearchError
from ..mapping.base import VersionedDocument
from .run import Inspection, inspect

SHARE = 0.2  # of the time that may go into looking, however often it is asked for


def watch(
    chosen: Sequence[type[VersionedDocument]],
    seconds: float,
    stop: threading.Event | None = None,
    **how: Any,
) -> Iterator[list[Inspection] | SearchError | DatabaseError]:
    """What each look found, or why it could not look; until `stop`, for ever without."""
    stopped = stop or threading.Event()
    while not stopped.is_set():
        began = monotonic()
        try:
            yield [inspect(document, **how) for document in chosen]
        except (SearchError, DatabaseError) as error:
            yield error
        close_old_connections()
        stopped.wait(pause(seconds, monotonic() - began))


def pause(seconds: float, took: float) -> float:
    """How long to rest after a look that took so long: to the next beat, and never less than the share allows."""
    return max(seconds - took, took / SHARE - took)
