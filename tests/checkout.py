"""A copy of the checkout in which script/server runs as a user's would, with its own .env, database and engine."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.support import wait_until
from tools import ports
from tools.paths import ROOT

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".env", "var", "__pycache__", ".*_cache", ".hypothesis", "tests")


def copy(folder: Path) -> Path:
    """A fresh copy, as a clone gives it."""
    return Path(shutil.copytree(ROOT, folder / "checkout", ignore=LEFT_OUT))


def environment(**more: str) -> dict[str, str]:
    """A user's environment: nothing of the tests' own."""
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "SSL_", "XDG_")) or name in KEPT}
    return kept | more


KEPT = {"PATH", "HOME", "LANG", "REQUESTS_CA_BUNDLE"}


class Server:
    """A running script/server. `command` starts it in `folder`."""

    def __init__(self, folder: Path, command: list[str], **more: str) -> None:
        self.folder = folder
        self.output = folder / "server.log"
        with self.output.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment(**more), stdout=log, stderr=log, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def wait_until_ready(self, seconds: float = 60) -> None:
        wait_until(lambda: "Serving http" in self.said or self.process.poll() is not None, seconds, "no answer")
        assert self.process.poll() is None, self.said

    def engine_port(self) -> int:
        found = re.search(r"^EMBEDDED_ENGINE_PORT=(\d+)$", (self.folder / ".env").read_text(), re.MULTILINE)
        assert found
        return int(found[1])

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        """Wait for its end; its exit code."""
        return self.process.wait(30)

    def children(self) -> dict[str, int]:
        """The pids of what it started, by a word of their command line."""
        listed = subprocess.check_output(["ps", "-ww", "-eo", "pid=,ppid=,args="], text=True)
        rows = [line.split(None, 2) for line in listed.splitlines()]
        own = {args: int(pid) for pid, parent, args in rows if int(parent) == self.process.pid}
        words = ("gunicorn", "search_relay", "noida-db")
        return {word: pid for args, pid in own.items() for word in words if word in args}

    def listens(self, port: int) -> bool:
        """Whether the service or the embedded engine can still be reached."""
        return ports.is_open(port) or ports.is_open(self.engine_port())

    def kill(self) -> None:
        """End it whatever state it is in."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def python_server(port: int) -> list[str]:
    """What script/server ends in, in the environment that the tests run in: no second installation."""
    return [sys.executable, "-m", "tools.server", "--port", str(port)]
