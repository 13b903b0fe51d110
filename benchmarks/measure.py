"""Run a program from a small process, and write the time, processor and memory that it took to a file.

Linux includes the memory of the starting process in a program's peak. Started by the benchmark itself, which compares
whole tables, each program would show the benchmark's peak. python -m benchmarks.measure FILE PROGRAM ARGUMENTS
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
    file, *command = sys.argv[1:]
    started, stopped = monotonic(), Event()
    with subprocess.Popen(command) as process, ThreadPoolExecutor() as executor:
        highest_total = executor.submit(memory.watch, process.pid, stopped)
        try:
            status = process.wait()
            seconds = monotonic() - started
        finally:
            stopped.set()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = memory.peak(usage)
    measured = {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": peak,
        "total_mb": max(peak, highest_total.result()),
    }
    Path(file).write_text(json.dumps(measured))
    return status if status >= 0 else 1


if __name__ == "__main__":
    sys.exit(main())
