"""Who works on a rebuild, whether it is alive, and who may take it over."""

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
    """A building index whose owner was heard of so long ago."""
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
    """An owner on this host whose process has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return f"x@{socket.gethostname()} process {process.pid} since then"


def test_an_owner_is_named_so_that_one_finds_it() -> None:
    assert f"@{socket.gethostname()} process {os.getpid()} since " in lock.me()


def test_whether_it_is_held() -> None:
    elsewhere = "x@elsewhere process 1 since then"
    assert not lock.is_held(Index())
    assert lock.is_held(Index(owner=lock.me(), heartbeat_at=timezone.now()))
    assert lock.is_held(Index(owner=elsewhere, heartbeat_at=timezone.now()))
    assert not lock.is_held(Index(owner=elsewhere, heartbeat_at=timezone.now() - lock.PATIENCE))
    assert not lock.is_held(Index(owner=lock.me(), heartbeat_at=timezone.now() - lock.PATIENCE))
    assert not lock.is_held(Index(owner=dead(), heartbeat_at=timezone.now()))


def test_what_is_held_cannot_be_taken() -> None:
    held = index("x@elsewhere process 1 since then")
    with pytest.raises(RebuildRunning, match="by x@elsewhere process 1"):
        lock.take(held, "default")
    assert Index.objects.get().owner == held.owner


def test_what_a_dead_process_left_is_taken_at_once_and_only_once() -> None:
    mine, theirs = index(dead()), Index.objects.get()
    lock.take(mine, "default")
    assert (mine.owner, lock.is_held(Index.objects.get())) == (Index.objects.get().owner, True)
    with pytest.raises(RebuildRunning):
        lock.take(theirs, "default")  # it read the record before
    assert Index.objects.get().owner == mine.owner


def test_an_owner_confirms_and_releases_only_its_own() -> None:
    mine = index(lock.me(), timedelta(seconds=9))
    lock.confirm(mine, "default")
    assert timezone.now() - Index.objects.get().heartbeat_at < timedelta(seconds=9)
    Index.objects.update(owner="another")
    with pytest.raises(RebuildLost):
        lock.confirm(mine, "default")
    lock.release(mine, "default")
    assert Index.objects.get().owner == "another"
    mine.owner = "another"
    lock.release(mine, "default")
    assert (Index.objects.get().owner, Index.objects.get().heartbeat_at) == ("", None)


def test_the_keeper_confirms_and_reports_until_the_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "BEAT", 0.01)
    mine, beaten = index(lock.me(), timedelta(seconds=9)), threading.Event()
    with lock.Keeper(mine, "default", beaten.set) as keeper:
        assert beaten.wait(30)
    assert timezone.now() - Index.objects.get().heartbeat_at < timedelta(seconds=9)
    assert not keeper._thread.is_alive()


def test_the_keeper_ends_when_the_lock_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "BEAT", 0.01)
    mine, reports = index(lock.me()), list[int]()
    Index.objects.update(owner="another")
    with lock.Keeper(mine, "default", lambda: reports.append(1)) as keeper:
        keeper._thread.join(30)
        assert not keeper._thread.is_alive()
    assert reports == []
