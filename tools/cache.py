"""The folder outside the checkout that keeps servers and their data, and the user that they run as."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NOBODY = 65534


def is_root() -> bool:
    """Elasticsearch and PostgreSQL both refuse to run as root."""
    return os.geteuid() == 0


def folder(*parts: str) -> Path:
    """A folder of the cache, made when absent; root's is one that other users can reach."""
    default = Path("/var/cache") if is_root() else Path.home() / ".cache"
    path = Path(os.environ.get("XDG_CACHE_HOME") or default).joinpath("order-service", *parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def owned(path: Path) -> Path:
    """`path` and all in it, given to the user that servers run as."""
    path.mkdir(parents=True, exist_ok=True)
    if is_root():
        for entry in [path, *path.rglob("*")]:
            shutil.chown(entry, NOBODY, NOBODY)
    return path


def run_unprivileged(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as a user who is not root, with its output captured."""
    user: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if is_root() else {}
    # A session of its own: Ctrl-C in the terminal is not for the servers that this starts.
    options |= {"start_new_session": True, "stdin": subprocess.DEVNULL}
    return subprocess.run(command, capture_output=True, text=True, check=False, **user, **options)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the cache's lock `name`, so that two tools started at once do not build the same thing."""
    with (folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
