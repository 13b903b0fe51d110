"""The processes that fill an index: this one, or several that share its ranges."""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from django.db import connections

from ..exceptions import SearchError, WorkerDied
from ..indices.lock import release
from ..models import BackfillRange, Index
from . import worker_process
from .backfill import Filler, fill_range

FEW = 20_000  # rows for which starting processes costs more than it gains


def default_workers(using: str, rows: int) -> int:
    """One on SQLite, where writers queue anyway, and for few rows; else two, or more on a larger machine."""
    if connections[using].vendor != "postgresql" or rows < FEW:
        return 1
    return max(2, min(8, (os.cpu_count() or 2) // 2))


def work(filler: Filler, index: Index, ranges: Sequence[BackfillRange], workers: int) -> None:
    """Fill the ranges that are not done. Raises what a worker raised."""
    left = [part for part in ranges if not part.done]
    if workers == 1:
        for part in left:
            fill_range(filler, part, index.owner)
        return
    using = filler.using
    connections[using].close()
    settings = (using, dict(connections[using].settings_dict))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=worker_process.begin, initargs=settings) as pool:
        share = filler.throttle / workers
        jobs = [pool.submit(worker_process.fill, part.pk, index.owner, using, filler.size, share) for part in left]
        try:
            for ended in as_completed(jobs):
                raise_what_failed(ended)
        except BaseException:
            release(index, using)  # so that the others end at their next chunk
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def raise_what_failed(ended: "Future[tuple[type[SearchError], object] | None]") -> None:
    """Raise a worker's error here. WorkerDied when it could not even say what it was."""
    try:
        failed = ended.result()
    except BrokenProcessPool as error:
        raise WorkerDied from error
    if failed:
        kind, detail = failed
        raise kind(detail)
