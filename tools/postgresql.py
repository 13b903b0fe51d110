"""A private PostgreSQL on loopback for tests: `up`, `down`, `status`."""

import argparse
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools import cache, errors, ports
from tools.errors import ToolError

SETTINGS = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "on",
    "shared_buffers": "256MB",
}


def programs() -> Path:
    """The folder of the newest PostgreSQL's server programs."""
    folders = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    if pg_config := shutil.which("pg_config"):
        folders.append(Path(subprocess.check_output([pg_config, "--bindir"], text=True).strip()))
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists():
            return folder
    raise ToolError("PostgreSQL's server programs were not found. Install them: apt-get install postgresql")


@dataclass(frozen=True)
class Server:
    """One cluster on one port, of user postgres without a password. Its folder holds data and log."""

    port: int
    home: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    def url(self, database: str = "orders") -> str:
        return f"postgres://postgres@{ports.HOST}:{self.port}/{database}"

    def call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the user that the cluster belongs to."""
        return cache.run_unprivileged([str(programs() / program), *arguments], cwd=self.home)

    def running(self) -> bool:
        return self.data.exists() and self.call("pg_ctl", "status", "-D", str(self.data)).returncode == 0

    def pid(self) -> int:
        """The pid of its first process, while it runs."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        """Make the cluster at the first start, start it and wait; harmless when it runs already."""
        if self.running():
            return
        if ports.is_open(self.port):
            raise ToolError(f"Port {self.port} is taken by another program. Choose another with --port.")
        cache.owned(self.home)
        if not (self.data / "PG_VERSION").exists():
            self.must("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = " ".join(f"-c {name}={value!r}" for name, value in SETTINGS.items())
        log = str(self.home / "log")
        self.must("pg_ctl", "start", "-w", "-D", str(self.data), "-l", log, "-o", f"-p {self.port} {options}")

    def must(self, program: str, *arguments: str) -> None:
        """Call a program that has to succeed."""
        done = self.call(program, *arguments)
        if done.returncode:
            raise ToolError(
                f"{program} failed: {(done.stderr or done.stdout).strip()}\nThe server's log is {self.home}/log"
            )

    def create(self, database: str) -> None:
        """Create a database unless it exists."""
        done = self.call("createdb", "-h", ports.HOST, "-p", str(self.port), "-U", "postgres", database)
        if done.returncode and "already exists" not in done.stderr:
            raise ToolError(done.stderr.strip())

    def drop(self, database: str) -> None:
        """Drop a database, whoever is connected; harmless when there is none."""
        self.must(
            "dropdb", "-h", ports.HOST, "-p", str(self.port), "-U", "postgres", "--if-exists", "--force", database
        )

    def stop(self, mode: str = "fast") -> bool:
        """Stop it and wait for its end; False when it did not run."""
        if not self.running():
            return False
        self.must("pg_ctl", "stop", "-w", "-D", str(self.data), "-m", mode)
        return True


def server(port: int, home: Path | None = None) -> Server:
    """The server on this port; its data is kept in the cache unless `home` is given."""
    return Server(port, home or cache.folder("postgresql", str(port)))


def main() -> int:
    """Parse, do, report."""
    parser = argparse.ArgumentParser(prog="script/postgresql", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.add_argument("--port", type=int, help="default 5432; with down, default every port")
    chosen = parser.parse_args()
    if chosen.action == "up":
        return up(server(chosen.port or 5432))
    servers = [server(int(entry.name)) for entry in sorted(cache.folder("postgresql").iterdir())]
    servers = [one for one in servers if chosen.port in (None, one.port)]
    return down(servers) if chosen.action == "down" else status(servers)


def up(one: Server) -> int:
    """Start it and print the setting that names it."""
    one.start()
    one.create("orders")
    print(f"DATABASE_URL={one.url()}")
    return 0


def down(servers: list[Server]) -> int:
    """Stop these servers; their data stays."""
    stopped = [one for one in servers if one.stop()]
    for one in stopped:
        print(f"Stopped PostgreSQL on port {one.port}.")
    if not stopped:
        print("No such PostgreSQL is running.")
    return 0


def status(servers: list[Server]) -> int:
    """A line for each that runs; exit code 1 when none does."""
    running = [one for one in servers if one.running()]
    for one in running:
        print(f"PostgreSQL runs: DATABASE_URL={one.url()} ({one.home})")
    if not running:
        print("No PostgreSQL of this project is running. Start one: script/postgresql up")
    return 0 if running else 1


if __name__ == "__main__":
    errors.run(main)
