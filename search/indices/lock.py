"""The lock of a rebuild: the record of its building index, which names the owner and the owner's last heartbeat."""

import getpass
import os
import re
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from django.db import Error as DatabaseError
from django.db import connections
from django.utils import timezone

from ..exceptions import RebuildLost, RebuildRunning
from ..models import Index
from .records import building_index

HEARTBEAT_INTERVAL = 2.0  # seconds
OWNER_TIMEOUT = timedelta(seconds=15)  # without a heartbeat for so long an owner counts as dead
PROCESS = re.compile(r"@(?P<host>\S+) process (?P<pid>\d+) ")


def owner_id() -> str:
    """Return a name for this process as an owner: user, host, process and time."""
    since = datetime.now(UTC)
    return f"{getpass.getuser()}@{socket.gethostname()} process {os.getpid()} since {since:%Y-%m-%d %H:%M:%S.%f}"


def is_held(index: Index) -> bool:
    """Return whether the index has an owner that is alive. A dead process of this host is recognized at once."""
    if not index.owner or not index.heartbeat_at:
        return False
    owner = PROCESS.search(index.owner)
    if owner and owner["host"] == socket.gethostname() and not _is_running(int(owner["pid"])):
        return False
    return timezone.now() - index.heartbeat_at < OWNER_TIMEOUT


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def assert_not_held(index: Index) -> None:
    """Raise RebuildRunning, which names the owner, if the index is being built."""
    if is_held(index):
        raise RebuildRunning(f"{index.alias}, by {index.owner}")


def acquire(index: Index, using: str) -> None:
    """Become the owner of an index whose owner is gone. Raise RebuildRunning if another process was faster."""
    assert_not_held(index)
    owner = owner_id()
    unchanged = Index.objects.using(using).filter(name=index.name, owner=index.owner, heartbeat_at=index.heartbeat_at)
    if not unchanged.update(owner=owner, heartbeat_at=timezone.now()):
        raise already_running(index.alias, using)
    index.owner = owner


def already_running(alias: str, using: str) -> RebuildRunning:
    """Build the error that names the current owner."""
    building = building_index(alias, using)
    return RebuildRunning(f"{alias}, by {building.owner}" if building and building.owner else alias)


def heartbeat(index: Index, using: str) -> None:
    """Record that the owner is alive. Raise RebuildLost if another process owns the index now."""
    owned = Index.objects.using(using).filter(name=index.name, owner=index.owner)
    if not owned.update(heartbeat_at=timezone.now()):
        raise RebuildLost(index.name)


def release(index: Index, using: str) -> None:
    """Give up ownership, so that `--resume` can continue at once."""
    Index.objects.using(using).filter(name=index.name, owner=index.owner).update(owner="", heartbeat_at=None)


class LockHeartbeat:
    """A context manager whose thread keeps the lock, and calls `report` after each heartbeat."""

    def __init__(
        self, index: Index, using: str, report: Callable[[], object], interval: float = HEARTBEAT_INTERVAL
    ) -> None:
        self.index, self.using, self.report, self.interval = index, using, report, interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="search-rebuild-heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopped.wait(self.interval):
                try:
                    heartbeat(self.index, self.using)
                    self.report()
                except DatabaseError:  # the next heartbeat may succeed
                    connections[self.using].close()
                except RebuildLost:  # the worker finds out at its next checkpoint
                    return
        finally:
            connections[self.using].close()
