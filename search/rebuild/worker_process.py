"""What runs in a worker's own process. It begins without Django, so nothing of it is imported at the top."""

import os
import signal
import threading
from multiprocessing import parent_process
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..exceptions import SearchError


def begin(using: str, settings: dict[str, Any]) -> None:
    """Set Django up with the parent's own database, and leave Ctrl-C and SIGTERM to the parent."""
    threading.Thread(target=end_with_parent, name="search-rebuild-parent", daemon=True).start()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    import django
    from django.db import connections

    django.setup()
    connections.settings[using].update(settings)


def end_with_parent() -> None:
    """A parent that was killed cannot say so, and a worker without one would wait for its next range for ever."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def fill(
    range_pk: int, owner: str, using: str, size: int, throttle: float
) -> "tuple[type[SearchError], object] | None":
    """Fill one range. An error of ours is given back rather than raised: pickling would spoil its text."""
    from ..exceptions import SearchError
    from ..mapping.registry import documents
    from ..models import BackfillRange
    from .backfill import Filler, fill_range

    part = BackfillRange.objects.using(using).select_related("index").get(pk=range_pk)
    document = next(document for document in documents() if document._index._name == part.index.alias)
    try:
        filler = Filler(document, part.index.name, using, size=size, throttle=throttle)
        fill_range(filler, part, owner)
    except SearchError as error:
        return type(error), error.detail
    return None
