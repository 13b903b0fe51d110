"""Each fault of the proxy has the effect that it describes, on a small fake engine."""

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, IncompleteRead
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic

import pytest

from tests.faults import faults
from tests.support import wait_until
from tools.fault_proxy import Fault, FaultProxy

BULK = b"""\
{"index": {"_index": "a", "_id": "1"}}
{"x": 1}
{"delete": {"_index": "a", "_id": "2"}}
{"index": {"_index": "a", "_id": "3"}}
{"x": 3}
"""


class Engine(ThreadingHTTPServer):
    """A fake engine that records the bodies of requests, and answers a bulk as Elasticsearch does."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[bytes] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Engine

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.bodies.append(body)
        items = [{name: {"_id": action["_id"], "status": 200}} for name, action, _ in faults.bulk_items(body)]
        answer = json.dumps({"items": items}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    server = Engine()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(engine: Engine) -> Iterator[FaultProxy]:
    fault_proxy = FaultProxy(f"http://127.0.0.1:{engine.server_port}")
    yield fault_proxy
    fault_proxy.close()


def bulk(proxy: FaultProxy, timeout: float = 5.0, path: str = "/_bulk") -> tuple[int, list[int]]:
    """Send a bulk. Return its status, and that of each of its items."""
    connection = HTTPConnection("127.0.0.1", proxy.port, timeout=timeout)
    try:
        connection.request("POST", path, BULK)
        answer = connection.getresponse()
        items = json.loads(answer.read()).get("items", [])
        return answer.status, [result["status"] for item in items for result in item.values()]
    finally:
        connection.close()


GOOD = (200, [200, 200, 200])


def test_without_a_fault_all_passes_on_one_connection(proxy: FaultProxy, engine: Engine) -> None:
    connection = HTTPConnection("127.0.0.1", proxy.port, timeout=5)
    for _ in range(3):
        connection.request("POST", "/_bulk", BULK)
        assert connection.getresponse().read()
    connection.close()
    assert engine.bodies == [BULK] * 3


def test_refused_and_back_on_the_same_port(proxy: FaultProxy) -> None:
    port = proxy.port
    idle = HTTPConnection("127.0.0.1", port, timeout=5)
    idle.connect()
    with proxy.during(faults.Refused()):
        with pytest.raises(ConnectionRefusedError):
            bulk(proxy)
        with pytest.raises((OSError, HTTPException)):
            idle.request("POST", "/_bulk", BULK)
            idle.getresponse()
    idle.close()
    assert (proxy.port, bulk(proxy)) == (port, GOOD)


def test_black_hole(proxy: FaultProxy, engine: Engine) -> None:
    with proxy.during(faults.BlackHole()):
        with pytest.raises(TimeoutError):
            bulk(proxy, timeout=0.3)
    assert engine.bodies == []
    assert bulk(proxy) == GOOD


def test_slow(proxy: FaultProxy) -> None:
    started = monotonic()
    with proxy.during(faults.Slow(most=0.2, seed=1)):
        assert [bulk(proxy) for _ in range(5)] == [GOOD] * 5
    assert 0.1 < monotonic() - started < 3


def test_drip_keeps_every_single_wait_short(proxy: FaultProxy) -> None:
    with proxy.during(faults.Drip(pause=0.01)):
        started = monotonic()
        assert bulk(proxy, timeout=0.5) == GOOD
        assert monotonic() - started > 0.5


def test_an_answer_is_lost_after_the_engine_applied_it(proxy: FaultProxy, engine: Engine) -> None:
    with proxy.during(faults.AnswerLost()):
        with pytest.raises(TimeoutError):
            bulk(proxy, timeout=0.3)
        with pytest.raises(ConnectionError):
            bulk(proxy)
    assert engine.bodies == [BULK] * 2


def test_an_old_request_is_delivered_on_demand(proxy: FaultProxy, engine: Engine) -> None:
    late = faults.Late(share=1, delay=None)
    with proxy.during(late):
        with pytest.raises(ConnectionError):
            bulk(proxy)
        assert bulk(proxy, path="/_other") == GOOD
        assert len(engine.bodies) == 1
        assert late.deliver(proxy) == 1
        assert len(engine.bodies) == 2
    assert len(engine.bodies) == 2


def test_an_old_request_is_delivered_later_or_at_the_end(proxy: FaultProxy, engine: Engine) -> None:
    with proxy.during(faults.Late(share=1, delay=0.05)):
        with pytest.raises(ConnectionError):
            bulk(proxy)
        wait_until(lambda: engine.bodies)
    with proxy.during(faults.Late(share=1, delay=60)):
        with pytest.raises(ConnectionError):
            bulk(proxy)
    assert engine.bodies == [BULK] * 2


@pytest.mark.parametrize("status", [503, 429])
def test_a_status(proxy: FaultProxy, engine: Engine, status: int) -> None:
    with proxy.during(faults.Status(status)):
        assert bulk(proxy) == (status, [])
    assert engine.bodies == []


def test_items_refused(proxy: FaultProxy, engine: Engine) -> None:
    with proxy.during(faults.ItemsRefused(share=1)):
        assert bulk(proxy) == (200, [429, 429, 429])
    with proxy.during(faults.ItemsRefused(share=0)):
        assert bulk(proxy) == GOOD
    assert engine.bodies == [BULK]
    with proxy.during(faults.ItemsRefused(share=0.5, seed=3)):
        status, items = bulk(proxy)
    assert (status, set(items)) == (200, {200, 429})
    assert len(faults.bulk_items(engine.bodies[-1])) == items.count(200)


def test_reset_in_mid_body(proxy: FaultProxy, engine: Engine) -> None:
    with proxy.during(faults.ResetInMidBody()):
        with pytest.raises((ConnectionError, IncompleteRead)):
            bulk(proxy)
    assert engine.bodies == [BULK]


def test_flapping(proxy: FaultProxy) -> None:
    def works() -> bool:
        try:
            return bulk(proxy) == GOOD
        except (OSError, HTTPException):
            return False

    with proxy.during(faults.Flapping(up=0.05, down=0.05)):
        wait_until(lambda: not works())
        wait_until(works)
        wait_until(lambda: not works())
    assert works()


def test_faults_can_be_changed_while_requests_run(proxy: FaultProxy) -> None:
    proxy.switch(faults.BlackHole())
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            bulk(proxy)
        except OSError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    proxy.switch(Fault())
    thread.join(5)
    assert not thread.is_alive()
    assert bulk(proxy) == GOOD
