"""The lock of a rebuild: its building index's record, which names who works on it and when that was last known."""

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
from ..models import Index, IndexState

BEAT = 2.0  # seconds
PATIENCE = timedelta(seconds=15)  # an owner not heard of for so long is gone
PROCESS = re.compile(r"@(?P<host>\S+) process (?P<pid>\d+) ")


def me() -> str:
    """This process, as an owner: who, where, since when."""
    since = datetime.now(UTC)
    return f"{getpass.getuser()}@{socket.gethostname()} process {os.getpid()} since {since:%Y-%m-%d %H:%M:%S.%f}"


def is_held(index: Index) -> bool:
    """Whether its owner is alive, as far as can be told from here."""
    if not index.owner or not index.heartbeat_at:
        return False
    found = PROCESS.search(index.owner)
    if found and found["host"] == socket.gethostname() and not is_running(int(found["pid"])):
        return False
    return timezone.now() - index.heartbeat_at < PATIENCE


def is_running(pid: int) -> bool:
    """Whether this host has such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def refuse_if_held(index: Index) -> None:
    """RebuildRunning, with its owner's name."""
    if is_held(index):
        raise RebuildRunning(f"{index.alias}, by {index.owner}")


def take(index: Index, using: str) -> None:
    """Become the owner of an index that its owner has left. RebuildRunning when another is quicker."""
    refuse_if_held(index)
    owner = me()
    left = Index.objects.using(using).filter(name=index.name, owner=index.owner, heartbeat_at=index.heartbeat_at)
    if not left.update(owner=owner, heartbeat_at=timezone.now()):
        raise quicker(index.alias, using)
    index.owner = owner


def quicker(alias: str, using: str) -> RebuildRunning:
    """The error for who comes second, with the name of who came first."""
    first = Index.objects.using(using).filter(alias=alias, state=IndexState.BUILDING).first()
    return RebuildRunning(f"{alias}, by {first.owner}" if first and first.owner else alias)


def confirm(index: Index, using: str) -> None:
    """Say that the owner is alive. RebuildLost if it is the owner no more."""
    mine = Index.objects.using(using).filter(name=index.name, owner=index.owner)
    if not mine.update(heartbeat_at=timezone.now()):
        raise RebuildLost(index.name)


def release(index: Index, using: str) -> None:
    """Leave the index to who resumes it."""
    Index.objects.using(using).filter(name=index.name, owner=index.owner).update(owner="", heartbeat_at=None)


class Keeper:
    """Keeps the lock from a thread of its own, and calls `report` at each beat; `with` it the owner works."""

    def __init__(self, index: Index, using: str, report: Callable[[], object]) -> None:
        self.index, self.using, self.report = index, using, report
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="search-rebuild-keeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._ended.wait(BEAT):
                try:
                    confirm(self.index, self.using)
                    self.report()
                except DatabaseError:  # it may be back at the next beat
                    connections[self.using].close()
                except RebuildLost:  # the next checkpoint says so to the one who works
                    return
        finally:
            connections[self.using].close()
