"""The writers: clients over HTTP at a steady rate, and a script that changes rows by SQL, as a nightly job does."""

import http.client
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any

from tools import ports
from tools.demo.databases import Database

CLIENTS = 4
PAUSE = 0.2  # seconds from one write of a client to its next
HOT_ORDERS = 5  # orders that most changes go to
TIMEOUT = 30.0  # seconds until a client gives up on an answer
NIGHTLY_ORDERS = 40  # orders of the script, which changes one after the other and deletes every fourth


@dataclass
class Tally:
    """The results of a design's writes over HTTP."""

    acknowledged: int = 0
    failed: int = 0
    slowest: float = 0.0  # seconds
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, is_acknowledged: bool, seconds: float) -> None:
        with self._lock:
            self.acknowledged += is_acknowledged
            self.failed += not is_acknowledged
            self.slowest = max(self.slowest, seconds)


class Client:
    """One client with one connection. The clients of the same number send the same writes to both designs."""

    def __init__(self, port: int, number: int, tally: Tally, hot_orders: list[int] | None = None) -> None:
        self.number = number
        self.tally = tally
        self.random = Random(number)
        self.hot_orders = hot_orders or []
        self.own_orders: list[int] = []  # orders that this client created and has not deleted
        self.connection = http.client.HTTPConnection(ports.HOST, port, timeout=TIMEOUT)

    def run(self, stopped: threading.Event) -> None:
        """Write once each PAUSE until stopped. Skip the writes that a slow answer has delayed."""
        due = monotonic()
        while not stopped.wait(max(0.0, due - monotonic())):
            due = max(due + PAUSE, monotonic())
            self.write()
        self.connection.close()

    def write(self) -> None:
        writes: list[Callable[[], object]] = [self.change, self.create, self.delete]
        self.random.choices(writes, [55, 35, 10])[0]()

    def create(self, number: str = "") -> int | None:
        """Create an order. Return its id if it was acknowledged."""
        order = {"order_number": number or f"client-{self.number}-{self.random.random()}", "total_amount": "1.00"}
        created = self.send("POST", "/orders/", order | {"customer_name": f"Client {self.number}"})
        if created:
            self.own_orders.append(created["id"])
        return created["id"] if created else None

    def change(self) -> None:
        use_own = self.own_orders and self.random.random() < 0.3
        order = self.random.choice(self.own_orders if use_own else self.hot_orders)
        self.send("PATCH", f"/orders/{order}/", {"customer_name": f"Client {self.number} at {self.random.random()}"})

    def delete(self) -> None:
        if self.own_orders:
            self.send("DELETE", f"/orders/{self.own_orders.pop(self.random.randrange(len(self.own_orders)))}/")

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Send a request and count it. Return the answer's JSON, or None if it failed or is empty."""
        started, is_acknowledged, content = monotonic(), False, b""
        try:
            data = None if body is None else json.dumps(body)
            self.connection.request(method, path, data, {"Content-Type": "application/json"})
            response = self.connection.getresponse()
            content, is_acknowledged = response.read(), 200 <= response.status < 300
        except (OSError, http.client.HTTPException):
            self.connection.close()  # the next request opens it again
        self.tally.count(is_acknowledged, monotonic() - started)
        return json.loads(content) if is_acknowledged and content else None


def run_nightly_script(database: Database, stopped: threading.Event) -> None:
    """Execute one statement each second, past Django: no signal is sent."""
    for number in range(NIGHTLY_ORDERS):
        if stopped.wait(1.0):
            return
        where = f"WHERE order_number = 'nightly-{number}'"
        if number % 4 == 3:
            database.execute(f"DELETE FROM orders_order {where}")
        else:
            database.execute(f"UPDATE orders_order SET total_amount = total_amount + 1 {where}")


class Writers:
    """The clients and the script that write to one design."""

    def __init__(self, port: int, tally: Tally, database: Database) -> None:
        self.port = port
        self.tally = tally
        self.database = database
        self.stopped = threading.Event()
        self.threads: list[threading.Thread] = []

    def prepare(self) -> None:
        first = Client(self.port, 0, self.tally)
        hot_orders = [order for order in (first.create() for _ in range(HOT_ORDERS)) if order]
        for number in range(NIGHTLY_ORDERS):
            first.create(f"nightly-{number}")
        clients = [Client(self.port, number, self.tally, hot_orders) for number in range(1, CLIENTS + 1)]
        self.threads = [threading.Thread(target=client.run, args=(self.stopped,), daemon=True) for client in clients]
        script = threading.Thread(target=run_nightly_script, args=(self.database, self.stopped), daemon=True)
        self.threads.append(script)

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(TIMEOUT)
