"""Load over HTTP by wrk, kept to one processor; its own share of that processor is in the figures."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from time import monotonic

from benchmarks.bench import Figures
from tools.errors import ToolError

SCRIPTS = Path(__file__).resolve().parent / "wrk_scripts"

TRIES = 10


def insist_on_wrk() -> None:
    """ToolError when it is not there."""
    for program in ("wrk", "taskset"):
        if not shutil.which(program):
            raise ToolError(f"{program} was not found. Install it: apt-get install wrk util-linux")


def load(url: str, script: str, connections: int, seconds: float, **variables: str) -> Figures:
    """Let so many connections ask one after the other, for so long. Answers other than 2xx are counted as failed.

    A short load that finds a service cold may end before the first answer: it is given again.
    """
    for _ in range(TRIES):
        figures = once(url, script, connections, seconds, variables)
        if figures["per_second"]:
            return figures
        if "RUN" in variables:  # what was not answered may have been done: do not do it twice
            variables["RUN"] += "x"
    raise ToolError(f"{url} answered nothing in {TRIES} loads of {seconds:g} s.")


def once(url: str, script: str, connections: int, seconds: float, variables: dict[str, str]) -> Figures:
    """One run of wrk."""
    command = ["taskset", "--cpu-list", str(last_processor()), "wrk", "--threads", "1", "--latency"]
    command += ["--connections", str(connections), "--duration", f"{max(1, round(seconds))}s", "--timeout", "30s"]
    began = monotonic()
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
    return figures | {"wrk_cpu_percent": 100 * (usage.ru_utime + usage.ru_stime) / (monotonic() - began)}


def last_processor() -> int:
    """The one that wrk is kept to. The servers may run on all of them."""
    return max(os.sched_getaffinity(0))
