"""The whole service in processes of its own: gunicorn with two workers of eight threads, and the relay."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import connection

from tools import gunicorn, ports
from tools.http_messages import Request, ask
from tools.paths import ROOT

STOP_TIMEOUT = 20  # seconds


def database_url() -> str:
    """Return the URL of the database that this process is connected to."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{Path(database['NAME']).resolve()}"
    password = f":{database['PASSWORD']}" if database["PASSWORD"] else ""
    return f"postgres://{database['USER']}{password}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


class Program:
    """A process and its log."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.command = command
        self.environment = environment
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it, and append its output to its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def signal(self, number: int) -> None:
        """Send it a signal, which has no effect if it has ended."""
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """Terminate it and wait until it ends. Return its exit code."""
        if self.process is None:
            return 0
        self.signal(signal.SIGCONT)
        self.process.terminate()
        try:
            return self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def children(self) -> list[int]:
        """Return the pids of the processes that it started: gunicorn's workers."""
        pgrep = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in pgrep.stdout.split()]


class Service:
    """gunicorn and the relay, against the database of this process and an engine at `engine_url`."""

    def __init__(self, engine_url: str, folder: Path, *, relay: bool = True, **variables: str) -> None:
        self.port = ports.free()
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "DATABASE_URL": database_url(),
            "ELASTICSEARCH_URL": engine_url,
            "SEARCH_INDEX_PREFIX": settings.SEARCH_INDEX_PREFIX,
            "SEARCH_DELETE_GRACE_PERIOD": "5",
            **variables,
        }
        relay_command = [sys.executable, "manage.py", "search_relay"]
        self.web = Program("gunicorn", gunicorn.command(self.port), environment, folder / "gunicorn.log")
        self.relay = Program("relay", relay_command, environment, folder / "relay.log")
        self.programs = [self.web, self.relay] if relay else [self.web]

    def __enter__(self) -> Self:
        for program in self.programs:
            program.start()
        self.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with ExitStack() as stopping:  # each one, also where another does not end
            for program in self.programs:
                stopping.callback(program.stop)

    def wait(self, seconds: float = 60) -> None:
        """Wait until it answers."""
        deadline = monotonic() + seconds
        while not self.answers():
            assert self.web.process is not None
            assert self.web.process.poll() is None, f"gunicorn ended: {self.web.log.read_text()[-2000:]}"
            assert monotonic() < deadline, f"no answer: {self.web.log.read_text()[-2000:]}"
            sleep(0.05)

    def answers(self) -> bool:
        """Return whether a request is answered with 200."""
        try:
            return ask("127.0.0.1", self.port, Request("GET", "/orders/", [], b""), timeout=5).status == 200
        except OSError:
            return False

    def logs(self) -> str:
        """Return the ends of the programs' logs."""
        with_log = [program for program in self.programs if program.log.exists()]
        return "\n".join(f"--- {program.name}\n{program.log.read_text()[-3000:]}" for program in with_log)
