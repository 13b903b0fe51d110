"""Eight clients that write through HTTP, mostly the same few orders, and what they saw."""

import http.client
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any

CLIENTS = 8
HOT = 5  # orders that most patches go to
# How often, of each hundred operations.
SHARES = {"patch": 55, "create": 20, "delete": 8, "bulk": 10, "rollback": 7}


@dataclass
class Seen:
    """What the clients saw."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)  # of (operation, status; 0 for none)
    marks: Counter[str] = field(default_factory=Counter)  # of X-Search-Status
    seconds: list[tuple[float, str]] = field(default_factory=list)  # each request's, with its operation
    failures: list[str] = field(default_factory=list)  # 5xx and lost connections, in words

    def slower_than(self, seconds: float) -> list[tuple[float, str]]:
        """The requests that took longer."""
        return [each for each in self.seconds if each[0] > seconds]

    @property
    def slowest(self) -> float:
        return max((seconds for seconds, _ in self.seconds), default=0.0)


class Workload:
    """Runs until `seconds` are over or `stop`; the same seed makes each client want the same."""

    def __init__(
        self, port: int, *, seed: int, seconds: float, shares: dict[str, int] | None = None, clients: int = CLIENTS
    ) -> None:
        self.port = port
        self.seed = seed
        self.seconds = seconds
        self.clients = clients
        self.shares = shares or SHARES
        self.seen = Seen()
        self.hot: list[int] = []
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Make the hot orders and start the clients."""
        first = Client(self, 0)
        self.hot = [order for order in (first.create() for _ in range(HOT)) if order]
        assert len(self.hot) == HOT, self.seen.failures
        until = monotonic() + self.seconds
        clients = [Client(self, number) for number in range(1, self.clients + 1)]
        self._threads = [threading.Thread(target=client.run, args=(until,), daemon=True) for client in clients]
        for thread in self._threads:
            thread.start()

    def stop(self) -> Seen:
        """Let each client end its request; what they saw."""
        self.stopped.set()
        return self.join()

    def join(self) -> Seen:
        """Wait for the clients; what they saw."""
        for thread in self._threads:
            thread.join(self.seconds + 60)
        assert not any(thread.is_alive() for thread in self._threads), "a client hangs"
        return self.seen

    def note(self, operation: str, status: int, seconds: float, mark: str, failure: str) -> None:
        with self._lock:
            self.seen.answers[operation, status] += 1
            self.seen.seconds.append((seconds, operation))
            if mark:
                self.seen.marks[mark] += 1
            if failure:
                self.seen.failures.append(failure)


class Client:
    """One client with one connection."""

    def __init__(self, work: Workload, number: int) -> None:
        self.work = work
        self.number = number
        self.random = Random(work.seed * 1000 + number)
        self.count = 0
        self.own: list[int] = []  # orders that this client made and has not deleted
        self.connection = http.client.HTTPConnection("127.0.0.1", work.port, timeout=30)

    def run(self, until: float) -> None:
        """One operation after the other."""
        operations = {name: getattr(self, name) for name in self.work.shares}
        while monotonic() < until and not self.work.stopped.is_set():
            (name,) = self.random.choices(list(operations), list(self.work.shares.values()))
            operations[name]()
        self.connection.close()

    def order_number(self) -> str:
        self.count += 1
        return f"s{self.work.seed}-c{self.number}-{self.count}"

    def some_order(self) -> int:
        """Mostly a hot one, which the other clients want too."""
        return self.random.choice(self.work.hot if self.random.random() < 0.8 or not self.own else self.own)

    def create(self) -> int | None:
        body = {"order_number": self.order_number(), "customer_name": self.name(), "total_amount": self.amount()}
        made = self.ask("create", "POST", "/orders/create", body)
        if not made:
            return None
        self.own.append(made["id"])
        return int(made["id"])

    def patch(self) -> None:
        self.ask("patch", "PATCH", f"/orders/{self.some_order()}/", {"customer_name": self.name()})

    def delete(self) -> None:
        if self.own:
            at = self.random.randrange(len(self.own))
            self.ask("delete", "DELETE", f"/orders/{self.own.pop(at)}/")

    def bulk(self) -> None:
        ids = sorted({self.some_order() for _ in range(5)})
        self.ask("bulk", "POST", "/faults/bulk-update", {"ids": ids, "customer_name": self.name()})

    def rollback(self) -> None:
        body = {"id": self.some_order(), "order_number": self.order_number()}
        self.ask("rollback", "POST", "/faults/rolled-back", body)

    def name(self) -> str:
        return f"Client {self.number} at {self.random.random()}"

    def amount(self) -> float:
        return self.random.randrange(1_000_000) / 100

    def ask(self, operation: str, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON; None when there is none. Notes what came."""
        started, status, mark, failure, content = monotonic(), 0, "", "", b""
        try:
            data = json.dumps(body) if body is not None else None
            self.connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            content, status = answer.read(), answer.status
            mark = answer.headers.get("X-Search-Status") or ""
            if status >= 500:
                failure = f"{operation}: {status} {content[:300]!r}"
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()  # the next request opens it again
            failure = f"{operation}: {error!r}"
        self.work.note(operation, status, monotonic() - started, mark, failure)
        return json.loads(content) if 200 <= status < 300 and content else None
