"""The machine, the versions and the code that were measured."""

import hashlib
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.servers import ENGINE
from tools import postgresql
from tools.paths import ROOT

CODE = ["search", "order_search", "orders", "project", "gunicorn.conf.py"]  # the service's code
PACKAGES = ["Django", "djangorestframework", "django-elasticsearch-dsl", "elasticsearch", "gunicorn", "psycopg"]


def now() -> datetime:
    return datetime.now(UTC)


def describe() -> dict[str, object]:
    postgres_version = subprocess.check_output([str(postgresql.system_programs() / "postgres"), "--version"], text=True)
    return {
        "date": now().isoformat(timespec="seconds"),
        "code": code(),
        "processors": len(os.sched_getaffinity(0)),
        "processor": processor(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "versions": {
            "Python": platform.python_version(),
            "PostgreSQL": postgres_version.split()[2],
            "Elasticsearch": ENGINE,
            "wrk": wrk_version(),
            **{package: version(package) for package in PACKAGES},
        },
    }


def code(root: Path = ROOT) -> str:
    """Return a short id of the service's code at HEAD, or an empty text if the code differs from HEAD or is unknown."""
    try:
        if git(root, "status", "--porcelain", "--", *CODE):
            return ""
        objects = git(root, "rev-parse", *(f"HEAD:{path}" for path in CODE))
    except (OSError, subprocess.CalledProcessError):
        return ""
    return hashlib.sha256(objects.encode()).hexdigest()[:10]


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout


def wrk_version() -> str:
    """Return wrk's version. Its --version exits with an error code."""
    output = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False).stdout
    return output.split()[1]


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
