"""Those who write: clients over HTTP at a steady rate, and a script that changes rows by SQL, as a nightly job does."""

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
HOT = 5  # orders that most changes go to
PATIENCE = 30.0  # seconds until a client gives an answer up
NIGHTLY = 40  # orders of the script, which changes one of them after the other, and deletes every fourth


@dataclass
class Tally:
    """What became of a design's writes over HTTP."""

    acknowledged: int = 0
    failed: int = 0
    slowest: float = 0.0  # seconds
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, done: bool, seconds: float) -> None:
        """Count one."""
        with self._lock:
            self.acknowledged += done
            self.failed += not done
            self.slowest = max(self.slowest, seconds)


class Client:
    """One client with one connection; the same number wants the same of both designs."""

    def __init__(self, port: int, number: int, tally: Tally, hot: list[int] | None = None) -> None:
        self.number = number
        self.tally = tally
        self.random = Random(number)
        self.hot = hot or []
        self.own: list[int] = []  # orders that this client made and has not deleted
        self.connection = http.client.HTTPConnection(ports.HOST, port, timeout=PATIENCE)

    def run(self, over: threading.Event) -> None:
        """A write each PAUSE, until it is over. What could not be written in time is not made up for."""
        due = monotonic()
        while not over.wait(max(0.0, due - monotonic())):
            due = max(due + PAUSE, monotonic())
            self.write()
        self.connection.close()

    def write(self) -> None:
        """Mostly a change of a hot order."""
        writes: list[Callable[[], object]] = [self.change, self.make, self.remove]
        self.random.choices(writes, [55, 35, 10])[0]()

    def make(self, number: str = "") -> int | None:
        """A new order's id, when it was acknowledged."""
        order = {"order_number": number or f"client-{self.number}-{self.random.random()}", "total_amount": "1.00"}
        made = self.ask("POST", "/orders/", order | {"customer_name": f"Client {self.number}"})
        if made:
            self.own.append(made["id"])
        return made["id"] if made else None

    def change(self) -> None:
        order = self.random.choice(self.own if self.own and self.random.random() < 0.3 else self.hot)
        self.ask("PATCH", f"/orders/{order}/", {"customer_name": f"Client {self.number} at {self.random.random()}"})

    def remove(self) -> None:
        if self.own:
            self.ask("DELETE", f"/orders/{self.own.pop(self.random.randrange(len(self.own)))}/")

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON, or None; counted."""
        started, done, content = monotonic(), False, b""
        try:
            data = None if body is None else json.dumps(body)
            self.connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            content, done = answer.read(), 200 <= answer.status < 300
        except (OSError, http.client.HTTPException):
            self.connection.close()  # the next request opens it again
        self.tally.note(done, monotonic() - started)
        return json.loads(content) if done and content else None


def script(database: Database, over: threading.Event) -> None:
    """Each second one statement, past Django: no signal tells of it."""
    for number in range(NIGHTLY):
        if over.wait(1.0):
            return
        where = f"WHERE order_number = 'nightly-{number}'"
        if number % 4 == 3:
            database.execute(f"DELETE FROM orders_order {where}")
        else:
            database.execute(f"UPDATE orders_order SET total_amount = total_amount + 1 {where}")


class Writers:
    """All that write to one design."""

    def __init__(self, port: int, tally: Tally, database: Database) -> None:
        self.port = port
        self.tally = tally
        self.database = database
        self.over = threading.Event()
        self.threads: list[threading.Thread] = []

    def prepare(self) -> None:
        """Make the orders that are there at first."""
        first = Client(self.port, 0, self.tally)
        hot = [order for order in (first.make() for _ in range(HOT)) if order]
        for number in range(NIGHTLY):
            first.make(f"nightly-{number}")
        clients = [Client(self.port, number, self.tally, hot) for number in range(1, CLIENTS + 1)]
        self.threads = [threading.Thread(target=client.run, args=(self.over,), daemon=True) for client in clients]
        self.threads.append(threading.Thread(target=script, args=(self.database, self.over), daemon=True))

    def start(self) -> None:
        """Let all write."""
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Let each end its write."""
        self.over.set()
        for thread in self.threads:
            thread.join(PATIENCE)
