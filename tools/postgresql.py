"""A private PostgreSQL on loopback for tests: `up`, `down`, `status`."""

import argparse
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools import cache, errors, ports, postgresql_distribution
from tools.errors import ToolError

SETTINGS = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "on",
    "shared_buffers": "256MB",
}


def system_programs() -> Path:
    """Return the folder with the programs of the newest PostgreSQL on this system."""
    folders = [Path(initdb).resolve().parent for initdb in [shutil.which("initdb")] if initdb]
    if pg_config := shutil.which("pg_config"):
        folders.append(Path(subprocess.check_output([pg_config, "--bindir"], text=True).strip()))
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists():
            return folder
    raise ToolError("PostgreSQL's server programs were not found. Install them: apt-get install postgresql")


@dataclass(frozen=True)
class Server:
    """One cluster on one port, of user postgres without a password. Its folder holds data and log.

    It runs the system's PostgreSQL, or the one of tools/postgresql_distribution.py.
    """

    port: int
    home: Path
    is_downloaded: bool = False

    @property
    def data(self) -> Path:
        return self.home / "data"

    def url(self, database: str = "orders") -> str:
        return f"postgres://postgres@{ports.HOST}:{self.port}/{database}"

    def call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return cache.run_unprivileged([str(self.program(program)), *arguments], cwd=self.home)

    def program(self, name: str) -> Path:
        """Return the path of a program. Client programs are always the system's."""
        if self.is_downloaded and (path := postgresql_distribution.install() / name).exists():
            return path
        return system_programs() / name

    def is_running(self) -> bool:
        return self.data.exists() and self.call("pg_ctl", "status", "-D", str(self.data)).returncode == 0

    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        """Start the cluster, after creating it at the first start, and wait for it. Do nothing if it runs already."""
        if self.is_running():
            return
        if ports.is_open(self.port):
            raise ToolError(f"Port {self.port} is taken by another program. Choose another with --port.")
        cache.give_to_server_user(self.home)
        if not (self.data / "PG_VERSION").exists():
            self.check_call("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = " ".join(f"-c {name}={value!r}" for name, value in SETTINGS.items())
        log = str(self.home / "log")
        self.check_call("pg_ctl", "start", "-w", "-D", str(self.data), "-l", log, "-o", f"-p {self.port} {options}")

    def check_call(self, program: str, *arguments: str) -> None:
        result = self.call(program, *arguments)
        if result.returncode:
            raise ToolError(
                f"{program} failed: {(result.stderr or result.stdout).strip()}\nThe server's log is {self.home}/log"
            )

    def create(self, database: str) -> None:
        """Create a database unless it exists."""
        result = self.call("createdb", "-h", ports.HOST, "-p", str(self.port), "-U", "postgres", database)
        if result.returncode and "already exists" not in result.stderr:
            raise ToolError(result.stderr.strip())

    def drop(self, database: str) -> None:
        self.check_call(
            "dropdb", "-h", ports.HOST, "-p", str(self.port), "-U", "postgres", "--if-exists", "--force", database
        )

    def stop(self, mode: str = "fast") -> bool:
        """Stop it and wait until it ends. Return False if it did not run."""
        if not self.is_running():
            return False
        self.check_call("pg_ctl", "stop", "-w", "-D", str(self.data), "-m", mode)
        return True


def server(port: int, home: Path | None = None, is_downloaded: bool = False) -> Server:
    """Return the server on this port. Its data is kept in the cache unless `home` is given."""
    return Server(port, home or cache.folder("postgresql", str(port)), is_downloaded)


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/postgresql", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.add_argument("--port", type=int, help="default 5432; with down, default every port")
    options = parser.parse_args()
    if options.action == "up":
        return up(server(options.port or 5432))
    servers = [server(int(entry.name)) for entry in sorted(cache.folder("postgresql").iterdir())]
    servers = [server for server in servers if options.port in (None, server.port)]
    return down(servers) if options.action == "down" else status(servers)


def up(server: Server) -> int:
    server.start()
    server.create("orders")
    print(f"DATABASE_URL={server.url()}")
    return 0


def down(servers: list[Server]) -> int:
    stopped = [server for server in servers if server.stop()]
    for server in stopped:
        print(f"Stopped PostgreSQL on port {server.port}.")
    if not stopped:
        print("No such PostgreSQL is running.")
    return 0


def status(servers: list[Server]) -> int:
    """Print a line for each server that runs. Return exit code 1 if none does."""
    running = [server for server in servers if server.is_running()]
    for server in running:
        print(f"PostgreSQL runs: DATABASE_URL={server.url()} ({server.home})")
    if not running:
        print("No PostgreSQL of this project is running. Start one: script/postgresql up")
    return 0 if running else 1


if __name__ == "__main__":
    errors.run(main)
