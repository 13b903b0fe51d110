"""Load over HTTP by wrk, pinned to one processor. Its share of that processor is one of the figures."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from time import monotonic

from benchmarks.bench import Figures
from tools.errors import ToolError

SCRIPTS = Path(__file__).resolve().parent / "wrk_scripts"

ATTEMPTS = 10


def check_wrk() -> None:
    """Raise ToolError unless wrk and taskset are installed."""
    for program in ("wrk", "taskset"):
        if not shutil.which(program):
            raise ToolError(f"{program} was not found. Install it: apt-get install wrk util-linux")


def load(url: str, script: str, connections: int, seconds: float, **variables: str) -> Figures:
    """Send requests over several connections, one after the other on each. Answers other than 2xx count as failed.

    A short load of a cold service may end before the first answer, and is repeated.
    """
    for _ in range(ATTEMPTS):
        figures = run_once(url, script, connections, seconds, variables)
        if figures["per_second"]:
            return figures
        if "RUN" in variables:  # the service may have done what it did not answer: use other order numbers
            variables["RUN"] += "x"
    raise ToolError(f"{url} answered nothing in {ATTEMPTS} loads of {seconds:g} s.")


def run_once(url: str, script: str, connections: int, seconds: float, variables: dict[str, str]) -> Figures:
    command = ["taskset", "--cpu-list", str(last_processor()), "wrk", "--threads", "1", "--latency"]
    command += ["--connections", str(connections), "--duration", f"{max(1, round(seconds))}s", "--timeout", "30s"]
    started = monotonic()
    process = subprocess.Popen(
        [*command, "--script", str(SCRIPTS / f"{script}.lua"), url],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"SCRIPTS": str(SCRIPTS)} | variables,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ToolError(f"wrk failed: {output}")
    figures: Figures = json.loads(output.splitlines()[-1])
    return figures | {"wrk_cpu_percent": 100 * (usage.ru_utime + usage.ru_stime) / (monotonic() - started)}


def last_processor() -> int:
    """Return the processor that wrk is pinned to. The servers may run on all of them."""
    return max(os.sched_getaffinity(0))
