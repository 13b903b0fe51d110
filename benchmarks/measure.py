"""Runs a program from a small process of its own, and writes down what it took: time, processor and memory.

Linux counts to a program's peak what the process held that started it: started by the benchmark, which compares
whole tables, it would be that peak that is read. python -m benchmarks.measure FILE PROGRAM ARGUMENTS
"""

import json
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic

from benchmarks import memory


def main() -> int:
    """Run, note, and end as it ended."""
    file, *command = sys.argv[1:]
    began, over = monotonic(), Event()
    with subprocess.Popen(command) as process, ThreadPoolExecutor() as beside:
        watched = beside.submit(memory.watch, process.pid, over)
        try:
            status = process.wait()
            seconds = monotonic() - began
        finally:
            over.set()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = memory.largest(usage)
    measured = {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": peak,
        "total_mb": max(peak, watched.result()),
    }
    Path(file).write_text(json.dumps(measured))
    return status if status >= 0 else 1


if __name__ == "__main__":
    sys.exit(main())
