"""Runs a program from a small process of its own, and writes down how long it took and how much memory it had.

Linux counts to a program's peak what the process held that started it: started by the benchmark, which compares
whole tables, it would be that peak that is read. python -m benchmarks.apart FILE PROGRAM ARGUMENTS
"""

import json
import resource
import subprocess
import sys
from pathlib import Path
from time import monotonic


def main() -> int:
    """Run, note, and end as it ended."""
    file, *command = sys.argv[1:]
    began = monotonic()
    status = subprocess.call(command)
    seconds = monotonic() - began
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    Path(file).write_text(json.dumps({"seconds": seconds, "peak_mb": peak_mb(usage)}))
    return status if status >= 0 else 1


def peak_mb(usage: resource.struct_rusage) -> float:
    """The largest resident memory of a process or of one of its children."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB here
    return usage.ru_maxrss * unit / 1e6


if __name__ == "__main__":
    sys.exit(main())
