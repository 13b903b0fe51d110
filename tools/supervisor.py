"""Programs that run together: all end when one of them ends, or when their supervisor ends in any way."""

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

STOP_TIMEOUT = 10  # seconds between SIGTERM and SIGKILL
DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG


class Stop(Exception):  # not an error
    """SIGINT, SIGTERM or SIGHUP was received."""


@dataclass
class Child:
    """A program that was started, and the file of its output, if any."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None = None

    def log_tail(self) -> str:
        return "\n" + self.log.read_text(errors="replace").strip()[-1000:] if self.log else ""


class Supervisor:
    """A context manager that starts children, watches them, and stops them in reverse order."""

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
            signal.signal(number, signal.SIG_IGN)  # once is enough: stopping takes a limited time
        self.stop()

    def start(
        self, name: str, command: list[str], log: Path | None = None, environment: dict[str, str] | None = None
    ) -> Child:
        """Start a program in its own session, so that the terminal's Ctrl-C reaches only the supervisor."""
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
        """Wait until a child ends by itself. ToolError if it fails or another one dies."""
        while child.process.poll() is None:
            self.check(ignored=child)
            time.sleep(0.02)
        self.children.remove(child)
        if child.process.returncode:
            raise ToolError(f"{child.name} failed; its message is above.")

    def check(self, ignored: Child | None = None) -> None:
        """Raise ToolError, with its name, if a child has died."""
        for child in self.children:
            if child is not ignored and child.process.poll() is not None:
                raise ToolError(f"{child.name} died ({describe_exit(child.process.returncode)}).{child.log_tail()}")

    def wait_until(self, condition: Callable[[], bool], name: str, timeout: float = 60) -> None:
        """Wait for a condition while all children live. ToolError, about `name`, after the timeout."""
        deadline = time.monotonic() + timeout
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise ToolError(f"{name} gave no answer for {timeout:.0f} s.")
            time.sleep(0.05)

    def watch(self) -> None:
        """Wait until Stop is raised by a signal. ToolError if a child dies."""
        while True:
            self.check()
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the children, the last one first. Kill one that does not stop, with all that it started."""
        for child in reversed(self.children):
            child.process.terminate()
            try:
                child.process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                print(f"{child.name} does not stop and is killed.", file=sys.stderr)
            kill_group(child.process.pid)
            child.process.wait()


def kill_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS raises the latter for a group of zombies
        os.killpg(group, signal.SIGKILL)


def describe_exit(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def end_with_parent(parent: int) -> Callable[[], None] | None:
    """Return a function for the child, which lets Linux send it SIGTERM when its parent dies, even by kill -9."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def request_signal() -> None:
        prctl(DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:  # the parent has already died
            os._exit(1)

    return request_signal
