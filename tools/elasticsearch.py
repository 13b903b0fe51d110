"""A real Elasticsearch on loopback for tests: up, down, status. In Docker if it runs, otherwise from Maven Central."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tools import cache, errors, jdk, ports
from tools.elasticsearch_distribution import RELEASES, install
from tools.errors import ToolError

START_TIMEOUT = 120  # seconds
CONFIGURATION = """\
cluster.name: order-service-{port}
node.name: node-{port}
path.data: {home}/data
path.logs: {home}/logs
http.host: 127.0.0.1
http.port: {port}
transport.host: 127.0.0.1
transport.port: {transport}
discovery.type: single-node
xpack.security.enabled: false
# The disks of test machines are often nearly full, and read-only indices would only confuse.
cluster.routing.allocation.disk.threshold_enabled: false
"""


@dataclass(frozen=True)
class Server:
    """An Elasticsearch of one version on one port. Its folder holds configuration, data, logs and pid."""

    version: str
    port: int
    home: Path
    heap: str = "1g"

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    def answering_version(self) -> str | None:
        try:
            with urllib.request.urlopen(self.url, timeout=2) as response:
                return str(json.load(response)["version"]["number"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def start(self) -> None:
        """Start it and wait until it answers. Do nothing if it runs already."""
        if (version := self.answering_version()) == self.version:
            return
        if version or ports.is_open(self.port):
            program = f"Elasticsearch {version}" if version else "another program"
            raise ToolError(f"Port {self.port} is taken by {program}. Choose another with --port.")
        self.launch()
        self.wait()

    def launch(self) -> None:
        release = RELEASES[self.version]
        java = jdk.choose(release.least_jdk, release.newest_jdk)
        programs = install(release)
        self.configure(programs)
        (self.home / "pid").unlink(missing_ok=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("ES_", "JAVA_"))}
        environment |= {
            "ES_JAVA_HOME": str(java),
            "ES_PATH_CONF": str(self.home / "config"),
            "ES_TMPDIR": str(self.home / "tmp"),
            "HOME": str(self.home),
        }
        command = [str(programs / "bin" / "elasticsearch"), "-d", "-p", str(self.home / "pid")]
        result = cache.run_unprivileged(command, env=environment, cwd=self.home)
        if result.returncode:
            raise ToolError(f"Elasticsearch did not start: {(result.stderr or result.stdout).strip()[-2000:]}")

    def configure(self, programs: Path) -> None:
        config = self.home / "config"
        (config / "jvm.options.d").mkdir(parents=True, exist_ok=True)
        for name in ("data", "logs", "tmp"):
            (self.home / name).mkdir(exist_ok=True)
        for name in ("jvm.options", "log4j2.properties"):
            shutil.copyfile(programs / "config" / name, config / name)
        (config / "jvm.options.d" / "heap.options").write_text(f"-Xms{self.heap}\n-Xmx{self.heap}\n")
        text = CONFIGURATION.format(port=self.port, transport=ports.free(), home=self.home)
        (config / "elasticsearch.yml").write_text(text)
        cache.give_to_server_user(self.home)

    def wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while self.answering_version() != self.version:
            if time.monotonic() > deadline:
                raise ToolError(
                    f"Elasticsearch does not answer after {START_TIMEOUT} s; its log is in {self.home}/logs"
                )
            time.sleep(0.1)

    def pid(self) -> int | None:
        try:
            pid = int((self.home / "pid").read_text())
        except (OSError, ValueError):
            return None
        command = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return pid if "elasticsearch" in command.stdout else None

    def stop(self, number: int = signal.SIGTERM) -> bool:
        """Send it a signal and wait until it ends. Return False if it did not run."""
        if not (pid := self.pid()):
            return False
        os.kill(pid, number)
        deadline = time.monotonic() + 60
        while self.pid():
            if time.monotonic() > deadline:
                raise ToolError(f"Elasticsearch (pid {pid}) does not stop.")
            time.sleep(0.05)
        return True

    def remove(self) -> None:
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)


class Container(Server):
    """An Elasticsearch in Docker."""

    @property
    def name(self) -> str:
        return f"order-service-elasticsearch-{self.version}-{self.port}"

    def launch(self) -> None:
        self.docker("rm", "--force", self.name)
        options = ["--detach", "--name", self.name, "--publish", f"{ports.HOST}:{self.port}:9200"]
        options += ["--volume", f"{self.name}:/usr/share/elasticsearch/data"]
        settings = ["discovery.type=single-node", "xpack.security.enabled=false"]
        settings += [
            "cluster.routing.allocation.disk.threshold_enabled=false",
            f"ES_JAVA_OPTS=-Xms{self.heap} -Xmx{self.heap}",
        ]
        for setting in settings:
            options += ["--env", setting]
        result = self.docker("run", *options, f"elasticsearch:{self.version}")
        if result.returncode:
            raise ToolError(f"Docker did not start Elasticsearch: {result.stderr.strip()}")

    def pid(self) -> int | None:
        state = self.docker("inspect", "--format", "{{.State.Pid}}", self.name)
        return int(state.stdout) or None if state.returncode == 0 else None

    def stop(self, number: int = signal.SIGTERM) -> bool:
        if not self.pid():
            return False
        self.docker("kill" if number == signal.SIGKILL else "stop", self.name)
        return True

    def remove(self) -> None:
        self.docker("rm", "--force", "--volumes", self.name)
        self.docker("volume", "rm", self.name)
        super().remove()

    @staticmethod
    def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


@lru_cache
def docker_runs() -> bool:
    """Return whether a Docker engine answers: the client alone is not enough."""
    if not shutil.which("docker"):
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=10, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def server(version: str, port: int, home: Path | None = None, heap: str = "1g") -> Server:
    """Return the server of this version and port. Its data is kept in the cache unless `home` is given."""
    home = home or cache.folder("elasticsearch", "servers", f"{version}-{port}")
    return (Container if docker_runs() else Server)(version, port, home, heap)


def cached_servers() -> list[Server]:
    folders = sorted(cache.folder("elasticsearch", "servers").iterdir())
    return [server(version, int(port)) for version, _, port in (entry.name.rpartition("-") for entry in folders)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/elasticsearch", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.add_argument("--version", choices=sorted(RELEASES), help="default 8.19.8; with down, default every version")
    parser.add_argument("--port", type=int, help="default 9200; with down, default every port")
    parser.add_argument("--heap", default="1g", help="memory for the server, default 1g")
    options = parser.parse_args()
    if options.action == "up":
        return up(server(options.version or "8.19.8", options.port or 9200, heap=options.heap))
    servers = [
        server
        for server in cached_servers()
        if options.version in (None, server.version) and options.port in (None, server.port)
    ]
    return down(servers) if options.action == "down" else status(servers)


def up(server: Server) -> int:
    server.start()
    print(f"ELASTICSEARCH_URL={server.url}")
    return 0


def down(servers: list[Server]) -> int:
    stopped = [server for server in servers if server.stop()]
    for server in stopped:
        print(f"Stopped Elasticsearch {server.version} on port {server.port}.")
    if not stopped:
        print("No such Elasticsearch is running.")
    return 0


def status(servers: list[Server]) -> int:
    """Print a line for each server that runs. Return exit code 1 if none does."""
    running = [server for server in servers if server.pid()]
    for server in running:
        state = "answers" if server.answering_version() else "does not answer"
        setting = f"ELASTICSEARCH_URL={server.url}"
        print(f"Elasticsearch {server.version} {state}: {setting} (pid {server.pid()}, {server.home})")
    if not running:
        print("No Elasticsearch of this project is running. Start one: script/elasticsearch up")
    return 0 if running else 1


if __name__ == "__main__":
    errors.run(main)
