"""The limit: the speed of the engine itself, which gets ready bulk bodies over kept connections.

The bodies are those of a contender, byte by byte, made by its own code, and are streamed from a file.
"""

import json
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from time import perf_counter, process_time
from typing import Any
from urllib.parse import urlsplit

from benchmarks.bench import Figures
from benchmarks.deployment import Deployment, cpu_per_row
from tools.comparison import Difference, compare
from tools.errors import ToolError

LIMIT = "limit"  # the name of the contender
CONNECTIONS = 2  # as many as cores and as processes of the rebuild; a single one is slower
ReadBody = Callable[[], bytes | None]


class Limit:
    """The bulk bodies of a deployment's table, and an index for them with the deployment's mapping."""

    def __init__(self, deployment: Deployment, refresh: str) -> None:
        self.deployment = deployment
        self.engine = deployment.servers.engine
        self.refresh = refresh
        self.name = f"{deployment.name}-limit-orders"
        self.path = deployment.servers.folder / f"{self.name}.bulk"

    def prepare(self) -> "Limit":
        self.rows = self.deployment.rows()
        self.sizes: list[int] = self.deployment.run_workload("bodies", str(self.path), self.name)["sizes"]
        self.renew()
        return self

    def renew(self) -> None:
        template = next(iter(self.engine.indices.get(index=self.deployment.alias).values()))
        settings: dict[str, Any] = {
            "number_of_shards": 1,
            "number_of_replicas": 0,
            "refresh_interval": self.refresh,
            "analysis": template["settings"]["index"]["analysis"],
        }
        self.engine.indices.delete(index=self.name, ignore_unavailable=True)
        self.engine.indices.create(index=self.name, mappings=template["mappings"], settings=settings)

    def turn(self) -> Figures:
        """Write all documents. The service's part of the processor time is this process, which sends them."""
        before, own_before = self.deployment.cpu(), process_time()
        seconds = self.write()
        spent = cpu_per_row(
            before, self.deployment.cpu() | {"service": before["service"]}, len(self.rows), process_time() - own_before
        )
        return {"seconds": seconds, "per_second": len(self.rows) / seconds, **spent}

    def write(self) -> float:
        """Write and refresh all documents. Return the seconds that it took."""
        started = perf_counter()
        with self.path.open("rb") as file:
            lock, sizes = threading.Lock(), iter(self.sizes)

            def read_body() -> bytes | None:
                with lock:
                    return file.read(size) if (size := next(sizes, 0)) else None

            send(self.deployment.engine, read_body)
        self.engine.indices.refresh(index=self.name)
        return perf_counter() - started

    def final_difference(self) -> Difference:
        """Compare the index with the rows of the time when the bodies were created."""
        return compare(self.deployment.documents(self.name), self.rows)

    def drop(self) -> None:
        self.engine.indices.delete(index=self.name, ignore_unavailable=True)
        self.path.unlink(missing_ok=True)


def send(url: str, read_body: ReadBody) -> None:
    errors: list[BaseException] = []
    threads = [threading.Thread(target=send_share, args=(url, read_body, errors)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def send_share(url: str, read_body: ReadBody, errors: list[BaseException]) -> None:
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=120)
    try:
        while body := read_body():
            connection.request("POST", "/_bulk?filter_path=errors", body, {"Content-Type": "application/x-ndjson"})
            if json.loads(connection.getresponse().read()) != {"errors": False}:
                raise ToolError("The limit: the engine refused a document.")
    except BaseException as error:
        errors.append(error)
    finally:
        connection.close()
