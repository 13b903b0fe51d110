"""The folder outside the checkout that holds servers and their data, and the user that they run as."""

import fcntl
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

UNPRIVILEGED = 65534  # the user `nobody`


def is_root() -> bool:
    """Return whether this process is root's: Elasticsearch and PostgreSQL refuse to run as root."""
    return os.geteuid() == 0


def folder(*parts: str) -> Path:
    """Return a folder of the cache, created if absent. Root's cache is where other users can reach it."""
    default = Path("/var/cache") if is_root() else Path.home() / ".cache"
    path = Path(os.environ.get("XDG_CACHE_HOME") or default).joinpath("order-service", *parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """Create a folder of the cache, where the servers' user can reach it, and remove it after the block."""
    path = folder(name, secrets.token_hex(4))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def give_to_server_user(path: Path) -> Path:
    """Create a folder, and give it and its contents to the user that servers run as."""
    path.mkdir(parents=True, exist_ok=True)
    if is_root():
        for entry in [path, *path.rglob("*")]:
            shutil.chown(entry, UNPRIVILEGED, UNPRIVILEGED)
    return path


def run_unprivileged(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    user: dict[str, Any] = {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []} if is_root() else {}
    # In a session of its own, so that Ctrl-C in the terminal does not reach the servers that this starts.
    options |= {"start_new_session": True, "stdin": subprocess.DEVNULL}
    return subprocess.run(command, capture_output=True, text=True, check=False, **user, **options)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock of the cache, so that two tools that start at once do not build the same thing."""
    with (folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
