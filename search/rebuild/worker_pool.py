"""The processes that fill an index: this one, or several that share its ranges."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from django.db import connections

from ..exceptions import WorkerDied
from ..indices.lock import release
from ..models import BackfillRange, Index
from . import worker_process
from .backfill import Filler, fill_range

MIN_ROWS_FOR_WORKERS = 20_000  # below, starting processes costs more than it gains


def default_workers(vendor: str, rows: int, processors: int) -> int:
    """Return 1 for few rows and on SQLite, which has one writer at a time; else half the processors, from 2 to 8."""
    if vendor != "postgresql" or rows < MIN_ROWS_FOR_WORKERS:
        return 1
    return max(2, min(8, processors // 2))


def fill_ranges(filler: Filler, index: Index, ranges: Sequence[BackfillRange], workers: int) -> None:
    """Fill the ranges that are not done. Raise a worker's error, or WorkerDied if a process was killed."""
    remaining = [part for part in ranges if not part.done]
    if workers == 1:
        for part in remaining:
            fill_range(filler, part, index.owner)
        return
    using = filler.using
    connections[using].close()
    initargs = (using, dict(connections[using].settings_dict))
    throttle = filler.throttle / workers
    with ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), worker_process.init_worker, initargs
    ) as pool:
        try:
            futures = [
                pool.submit(worker_process.fill_range, part.pk, index.owner, using, filler.size, throttle)
                for part in remaining
            ]
            for future in as_completed(futures):
                future.result()
        except BaseException as error:
            release(index, using)  # so that the other workers stop at their next chunk
            pool.shutdown(wait=True, cancel_futures=True)
            if isinstance(error, BrokenProcessPool):
                raise WorkerDied from error
            raise
