"""A copy of the checkout in which script/server runs as for a user, with its own .env, database and engine."""

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

IGNORED = shutil.ignore_patterns(".git", ".venv", ".env", "var", "__pycache__", ".*_cache", ".hypothesis", "tests")


def copy(folder: Path) -> Path:
    """Copy the checkout, as a fresh clone."""
    return Path(shutil.copytree(ROOT, folder / "checkout", ignore=IGNORED))


def environment(**more: str) -> dict[str, str]:
    """Return a user's environment, without the tests' own variables."""
    inherited = {
        name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "SSL_", "XDG_")) or name in INHERITED
    }
    return inherited | more


INHERITED = {"PATH", "HOME", "LANG", "REQUESTS_CA_BUNDLE"}


class Server:
    """A running script/server. `command` starts it in `folder`."""

    def __init__(self, folder: Path, command: list[str], **more: str) -> None:
        self.folder = folder
        self.output = folder / "server.log"
        with self.output.open("w") as file:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment(**more), stdout=file, stderr=file, start_new_session=True
            )

    @property
    def log(self) -> str:
        return self.output.read_text()

    def wait_until_ready(self, seconds: float = 60) -> None:
        wait_until(lambda: "Serving http" in self.log or self.process.poll() is not None, seconds, "no answer")
        assert self.process.poll() is None, self.log

    def engine_port(self) -> int:
        setting = re.search(r"^EMBEDDED_ENGINE_PORT=(\d+)$", (self.folder / ".env").read_text(), re.MULTILINE)
        assert setting
        return int(setting[1])

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        """Wait until it ends. Return its exit code."""
        return self.process.wait(30)

    def children(self) -> dict[str, int]:
        """Return the pids of its programs, by a word of their command line."""
        output = subprocess.check_output(["ps", "-ww", "-eo", "pid=,ppid=,args="], text=True)
        rows = [line.split(None, 2) for line in output.splitlines()]
        own = {args: int(pid) for pid, parent, args in rows if int(parent) == self.process.pid}
        words = ("gunicorn", "search_relay", "noida-db")
        return {word: pid for args, pid in own.items() for word in words if word in args}

    def listens(self, port: int) -> bool:
        """Return whether the service or the embedded engine still listens."""
        return ports.is_open(port) or ports.is_open(self.engine_port())

    def kill(self) -> None:
        """End it in whatever state it is."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def python_server(port: int) -> list[str]:
    """Return the command that script/server ends in, in the tests' own virtual environment."""
    return [sys.executable, "-m", "tools.server", "--port", str(port)]
