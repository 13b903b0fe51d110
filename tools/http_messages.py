"""HTTP/1.1 messages, read and written whole: as much of the protocol as a proxy on loopback needs."""

import http.client
import json
from io import BufferedReader
from typing import NamedTuple

Headers = list[tuple[str, str]]
# Each hop sets these headers for itself.
HOP_HEADERS = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})


class Request(NamedTuple):
    """A request as the client sent it."""

    method: str
    path: str
    headers: Headers
    body: bytes

    @property
    def is_bulk(self) -> bool:
        return self.path.partition("?")[0].endswith("/_bulk")


class Answer(NamedTuple):
    """An answer of the engine, or of the proxy in its place."""

    status: int
    headers: Headers
    body: bytes

    @classmethod
    def from_json(cls, status: int, content: object) -> "Answer":
        headers = [("Content-Type", "application/json"), ("X-Elastic-Product", "Elasticsearch")]
        return cls(status, headers, json.dumps(content).encode())

    def __bytes__(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self.headers if name.lower() not in HOP_HEADERS]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


def read_request(reader: BufferedReader) -> Request | None:
    """Return the next request of a connection, or None if the client has closed it."""
    line = reader.readline()
    if not line:
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers = http.client.parse_headers(reader)
    body = reader.read(int(headers.get("Content-Length", 0)))
    return Request(method, path, list(headers.items()), body)


def ask(host: str, port: int, request: Request, timeout: float = 30) -> Answer:
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        headers = {name: value for name, value in request.headers if name.lower() not in HOP_HEADERS}
        connection.request(request.method, request.path, request.body or None, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()
