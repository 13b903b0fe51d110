"""The limit: what the engine takes when nothing has to be made any more. Ready bulk bodies over kept connections.

The bodies are a contender's own, to the byte, made by its own code; they are streamed from a file.
"""

import json
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from time import perf_counter, process_time
from typing import Any
from urllib.parse import urlsplit

from benchmarks.bench import Figures
from benchmarks.deployment import Site, per_row
from tools.demo.compare import Difference, compare
from tools.errors import ToolError

LIMIT = "limit"  # as a contender
CONNECTIONS = 2  # as many as cores, and as the rebuild's processes; one alone is slower
Read = Callable[[], bytes | None]


class Limit:
    """The documents of a site's table as bodies, for an index of their own that is mapped as the site's."""

    def __init__(self, site: Site, refresh: str) -> None:
        self.site = site
        self.engine = site.ground.engine
        self.refresh = refresh
        self.name = f"{site.name}-limit-orders"
        self.path = site.ground.folder / f"{self.name}.bulk"

    def prepare(self) -> "Limit":
        """Make the bodies and the index."""
        self.rows = self.site.rows()
        self.sizes: list[int] = self.site.work("bodies", str(self.path), self.name)["sizes"]
        self.renew()
        return self

    def renew(self) -> None:
        """Begin with an empty index."""
        like = next(iter(self.engine.indices.get(index=self.site.alias).values()))
        settings: dict[str, Any] = {
            "number_of_shards": 1,
            "number_of_replicas": 0,
            "refresh_interval": self.refresh,
            "analysis": like["settings"]["index"]["analysis"],
        }
        self.engine.indices.delete(index=self.name, ignore_unavailable=True)
        self.engine.indices.create(index=self.name, mappings=like["mappings"], settings=settings)

    def turn(self) -> Figures:
        """Write all, and what it took: of the processor this process's part is the sending."""
        before, sent = self.site.cpu(), process_time()
        seconds = self.write()
        spent = per_row(before, self.site.cpu() | {"service": before["service"]}, len(self.rows), process_time() - sent)
        return {"seconds": seconds, "per_second": len(self.rows) / seconds, **spent}

    def write(self) -> float:
        """All documents, until all can be found; seconds."""
        began = perf_counter()
        with self.path.open("rb") as file:
            lock, sizes = threading.Lock(), iter(self.sizes)

            def read() -> bytes | None:
                with lock:
                    return file.read(size) if (size := next(sizes, 0)) else None

            send(self.site.engine, read)
        self.engine.indices.refresh(index=self.name)
        return perf_counter() - began

    def wrong(self) -> Difference:
        """Beside the rows as they were when the bodies were made: order by order."""
        return compare(self.site.documents(self.name), self.rows)

    def drop(self) -> None:
        """Take all away."""
        self.engine.indices.delete(index=self.name, ignore_unavailable=True)
        self.path.unlink(missing_ok=True)


def send(url: str, read: Read) -> None:
    """Send what there is to read, over several connections at once."""
    failed: list[BaseException] = []
    threads = [threading.Thread(target=send_some, args=(url, read, failed)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def send_some(url: str, read: Read, failed: list[BaseException]) -> None:
    """One connection's share."""
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=120)
    try:
        while body := read():
            connection.request("POST", "/_bulk?filter_path=errors", body, {"Content-Type": "application/x-ndjson"})
            if json.loads(connection.getresponse().read()) != {"errors": False}:
                raise ToolError("The limit: the engine refused a document.")
    except BaseException as error:
        failed.append(error)
    finally:
        connection.close()
