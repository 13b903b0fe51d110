"""Programs that run beside each other: all end when one ends, or when their supervisor does, however it dies."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tools.errors import ToolError

PATIENCE = 10  # seconds between SIGTERM and SIGKILL
DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG


class Stop(Exception):  # not an error
    """SIGINT, SIGTERM or SIGHUP came."""


@dataclass
class Child:
    """A program that was started, and the file that takes its output, if any."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None = None

    def last_words(self) -> str:
        """The end of its log."""
        return "\n" + self.log.read_text(errors="replace").strip()[-1000:] if self.log else ""


class Supervisor:
    """Starts children, watches them, stops them in reverse order. Use it by `with`."""

    def __init__(self) -> None:
        self.children: list[Child] = []

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.interrupt)
        return self

    def interrupt(self, number: int, frame: FrameType | None) -> None:
        raise Stop

    def __exit__(self, *error: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # once is enough: stopping is under way and bounded
        self.stop()

    def start(
        self, name: str, command: list[str], log: Path | None = None, environment: dict[str, str] | None = None
    ) -> Child:
        """Start a program in a session of its own, so that the terminal's Ctrl-C comes to the supervisor alone."""
        output = log.open("wb") if log else None
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
            preexec_fn=end_with_parent(os.getpid()),  # noqa: PLW1509  # there is one thread
        )
        self.children.append(Child(name, process, log))
        return self.children[-1]

    def finish(self, child: Child) -> None:
        """Wait for a child that is to end by itself; ToolError when it fails or another one dies."""
        while child.process.poll() is None:
            self.check(apart_from=child)
            time.sleep(0.02)
        self.children.remove(child)
        if child.process.returncode:
            raise ToolError(f"{child.name} failed; its message is above.")

    def check(self, apart_from: Child | None = None) -> None:
        """ToolError names a child that has died."""
        for child in self.children:
            if child is not apart_from and child.process.poll() is not None:
                raise ToolError(f"{child.name} died ({ending(child.process.returncode)}).{child.last_words()}")

    def wait_until(self, condition: Callable[[], bool], what: str, timeout: float = 60) -> None:
        """Wait for a condition while all children live."""
        deadline = time.monotonic() + timeout
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise ToolError(f"{what} gave no answer for {timeout:.0f} s.")
            time.sleep(0.05)

    def watch(self) -> None:
        """Return never: raise Stop at a signal, ToolError when a child dies."""
        while True:
            self.check()
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the children, the last one first; one that does not stop is killed with all that it started."""
        for child in reversed(self.children):
            child.process.terminate()
            try:
                child.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                print(f"{child.name} does not stop and is killed.", file=sys.stderr)
            kill_group(child.process.pid)
            child.process.wait()


def kill_group(group: int) -> None:
    """Kill what is left of a child and of all that it started."""
    with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        os.killpg(group, signal.SIGKILL)


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def end_with_parent(parent: int) -> Callable[[], None] | None:
    """On Linux, what a child calls so that SIGTERM comes to it when its parent is gone, even by kill -9."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:  # it died meanwhile
            os._exit(1)

    return ask
