"""The code of a worker process. It starts without Django, so nothing that needs Django is imported at the top."""

import os
import signal
import threading
from multiprocessing import parent_process
from typing import Any


def init_worker(using: str, settings: dict[str, Any]) -> None:
    """Set up Django with the parent's database settings, and leave Ctrl-C and SIGTERM to the parent."""
    threading.Thread(target=_exit_with_parent, name="search-rebuild-parent", daemon=True).start()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)
    import django
    from django.db import connections

    django.setup()
    connections.settings[using].update(settings)


def _exit_with_parent() -> None:
    """End this process when the parent ends: a killed parent cannot tell its workers to stop."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def fill_range(range_pk: int, owner: str, using: str, size: int, throttle: float) -> None:
    """Fill one range. What it raises is raised in the parent."""
    from ..mapping.registry import documents
    from ..models import BackfillRange
    from . import backfill

    part = BackfillRange.objects.using(using).select_related("index").get(pk=range_pk)
    document = next(document for document in documents() if document._index._name == part.index.alias)
    filler = backfill.Filler(document, part.index.name, using, size=size, throttle=throttle)
    backfill.fill_range(filler, part, owner)
