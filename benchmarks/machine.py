"""Where and with what it was measured."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.ground import ENGINE
from tools import postgresql

PACKAGES = ["Django", "djangorestframework", "django-elasticsearch-dsl", "elasticsearch", "gunicorn", "psycopg"]


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def describe() -> dict[str, object]:
    """The machine, the versions and the date. JSON."""
    shown = subprocess.check_output([str(postgresql.programs() / "postgres"), "--version"], text=True)
    return {
        "date": now().isoformat(timespec="seconds"),
        "processors": len(os.sched_getaffinity(0)),
        "processor": processor(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "versions": {
            "Python": platform.python_version(),
            "PostgreSQL": shown.split()[2],
            "Elasticsearch": ENGINE,
            "wrk": wrk_version(),
            **{package: version(package) for package in PACKAGES},
        },
    }


def wrk_version() -> str:
    """What wrk calls itself; it does so and fails."""
    said = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False).stdout
    return said.split()[1]


def processor() -> str:
    """Its name, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
