"""Who owns a rebuild, whether the owner is alive, and who may take it over."""

import os
import socket
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from search.exceptions import RebuildLost, RebuildRunning
from search.indices import lock
from search.models import Index

pytestmark = pytest.mark.django_db(transaction=True)


def index(owner: str = "", beat: timedelta | None = timedelta(), name: str = "a-1") -> Index:
    """Record a building index whose last heartbeat is `beat` old."""
    heartbeat_at = None if beat is None else timezone.now() - beat
    return Index.objects.create(
        name=name,
        alias="a",
        state="building",
        fingerprint="f",
        owner=owner,
        heartbeat_at=heartbeat_at if owner else None,
    )


def dead() -> str:
    """Return an owner on this host whose process has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return f"x@{socket.gethostname()} process {process.pid} since then"


def test_an_owner_names_host_and_process() -> None:
    assert f"@{socket.gethostname()} process {os.getpid()} since " in lock.owner_id()


def test_is_held() -> None:
    elsewhere = "x@elsewhere process 1 since then"
    assert not lock.is_held(Index())
    assert lock.is_held(Index(owner=lock.owner_id(), heartbeat_at=timezone.now()))
    assert lock.is_held(Index(owner=elsewhere, heartbeat_at=timezone.now()))
    assert not lock.is_held(Index(owner=elsewhere, heartbeat_at=timezone.now() - lock.OWNER_TIMEOUT))
    assert not lock.is_held(Index(owner=lock.owner_id(), heartbeat_at=timezone.now() - lock.OWNER_TIMEOUT))
    assert not lock.is_held(Index(owner=dead(), heartbeat_at=timezone.now()))


def test_a_held_lock_cannot_be_acquired() -> None:
    held = index("x@elsewhere process 1 since then")
    with pytest.raises(RebuildRunning, match="by x@elsewhere process 1"):
        lock.acquire(held, "default")
    assert Index.objects.get().owner == held.owner


def test_the_lock_of_a_dead_process_is_acquired_at_once_and_only_once() -> None:
    mine, theirs = index(dead()), Index.objects.get()
    lock.acquire(mine, "default")
    assert (mine.owner, lock.is_held(Index.objects.get())) == (Index.objects.get().owner, True)
    with pytest.raises(RebuildRunning):
        lock.acquire(theirs, "default")  # it read the record before
    assert Index.objects.get().owner == mine.owner


def test_an_owner_keeps_and_releases_only_its_own_lock() -> None:
    mine = index(lock.owner_id(), timedelta(seconds=9))
    lock.heartbeat(mine, "default")
    heartbeat_at = Index.objects.get().heartbeat_at
    assert heartbeat_at is not None
    assert timezone.now() - heartbeat_at < timedelta(seconds=9)
    Index.objects.update(owner="another")
    with pytest.raises(RebuildLost):
        lock.heartbeat(mine, "default")
    lock.release(mine, "default")
    assert Index.objects.get().owner == "another"
    mine.owner = "another"
    lock.release(mine, "default")
    assert (Index.objects.get().owner, Index.objects.get().heartbeat_at) == ("", None)


def test_the_heartbeat_is_recorded_and_reported_until_the_work_is_done() -> None:
    mine, beaten = index(lock.owner_id(), timedelta(seconds=9)), threading.Event()
    with lock.LockHeartbeat(mine, "default", beaten.set, interval=0.01) as heartbeat:
        assert beaten.wait(30)
    heartbeat_at = Index.objects.get().heartbeat_at
    assert heartbeat_at is not None
    assert timezone.now() - heartbeat_at < timedelta(seconds=9)
    assert not heartbeat._thread.is_alive()


def test_the_heartbeat_ends_when_the_lock_is_lost() -> None:
    mine, reports = index(lock.owner_id()), list[int]()
    Index.objects.update(owner="another")
    with lock.LockHeartbeat(mine, "default", lambda: reports.append(1), interval=0.01) as heartbeat:
        heartbeat._thread.join(30)
        assert not heartbeat._thread.is_alive()
    assert reports == []
