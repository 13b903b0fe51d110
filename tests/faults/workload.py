"""Eight clients that write over HTTP, mostly to the same few orders, and the results of their requests."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any, NamedTuple

from tests.faults.control import Control
from tests.faults.held import HEADER

Headers = Mapping[str, str] | http.client.HTTPMessage

CLIENTS = 8
HOT = 5  # orders that most patches go to
# The share of each operation, in percent.
SHARES = {"patch": 55, "create": 20, "delete": 8, "bulk": 10, "rollback": 7}
UNPUSHED = ("bulk", "rollback")  # the first sends no signals, the second does not commit


class Taken(NamedTuple):
    """One request with its duration."""

    operation: str
    status: int  # 0 when no answer came
    started: float  # monotonic
    seconds: float  # measured by the client
    held: float  # measured by the service: the part spent waiting for the push

    @property
    def ended(self) -> float:
        return self.started + self.seconds

    @property
    def failed(self) -> bool:
        return not 200 <= self.status < 300


@dataclass
class Seen:
    """The results of all requests."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)  # of (operation, status; 0 for none)
    marks: Counter[str] = field(default_factory=Counter)  # of X-Search-Status
    taken: list[Taken] = field(default_factory=list)
    failures: list[str] = field(
        default_factory=list
    )  # descriptions of all answers other than 2xx, and of lost connections
    made: set[int] = field(default_factory=set)  # acknowledged orders for which no delete was sent
    deleted: set[int] = field(default_factory=set)  # orders whose delete was acknowledged

    def beyond(self, seconds: float, control: Control) -> list[Taken]:
        """Return the requests that took this much longer than concurrent writes without a push, over HTTP or not."""
        slow = [taken for taken in self.taken if taken.seconds > seconds]
        return [
            taken
            for taken in slow
            if taken.seconds > seconds + max(noise(taken, control), self.slowest_unpushed_during(taken))
        ]

    def slowest_unpushed_during(self, taken: Taken) -> float:
        """Return the seconds of the slowest concurrent request that pushes nothing, but locks the same rows."""
        unpushed = (other for other in self.taken if other.operation in UNPUSHED and other is not taken)
        return max(
            (other.seconds for other in unpushed if other.started < taken.ended and other.ended > taken.started),
            default=0.0,
        )

    def held_beyond(self, seconds: float, control: Control) -> list[Taken]:
        """Return the requests that waited this long for their push, without the database's part."""
        return [taken for taken in self.taken if taken.held > seconds + noise(taken, control)]

    @property
    def seconds(self) -> list[tuple[float, str]]:
        """The seconds and the operation of each request."""
        return [(taken.seconds, taken.operation) for taken in self.taken]

    @property
    def slowest(self) -> float:
        return max((taken.seconds for taken in self.taken), default=0.0)

    @property
    def longest_held(self) -> float:
        return max((taken.held for taken in self.taken), default=0.0)


def noise(taken: Taken, control: Control) -> float:
    """Return the seconds of the longest write without a push during this request."""
    return control.longest(taken.started, taken.ended)


class Workload:
    """Clients that write until `seconds` are over or `stop` is called. The seed decides what each of them writes."""

    def __init__(
        self,
        port: int,
        *,
        seed: int,
        seconds: float,
        shares: dict[str, int] | None = None,
        clients: int = CLIENTS,
        pause: float = 0.0,  # seconds, each client after each request
    ) -> None:
        self.port = port
        self.seed = seed
        self.pause = pause
        self.seconds = seconds
        self.clients = clients
        self.shares = shares or SHARES
        self.seen = Seen()
        self.hot: list[int] = []
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Create the hot orders and start the clients."""
        first = Client(self, 0)
        self.hot = [order for order in (first.create() for _ in range(HOT)) if order]
        first.connection.close()
        assert len(self.hot) == HOT, self.seen.failures
        until = monotonic() + self.seconds
        clients = [Client(self, number) for number in range(1, self.clients + 1)]
        self._threads = [threading.Thread(target=client.run, args=(until,), daemon=True) for client in clients]
        for thread in self._threads:
            thread.start()

    def stop(self) -> Seen:
        """Stop the clients after their current requests. Return the results."""
        self.stopped.set()
        return self.join()

    def join(self) -> Seen:
        """Wait until the clients have ended. Return the results."""
        for thread in self._threads:
            thread.join(self.seconds + 60)
        assert not any(thread.is_alive() for thread in self._threads), "a client hangs"
        return self.seen

    def note(self, taken: Taken, mark: str, failure: str) -> None:
        """Record a request with its answer."""
        with self._lock:
            self.seen.answers[taken.operation, taken.status] += 1
            self.seen.taken.append(taken)
            if mark:
                self.seen.marks[mark] += 1
            if failure:
                self.seen.failures.append(failure)

    def made(self, order: int) -> None:
        """Record an acknowledged order, which must exist at the end."""
        with self._lock:
            self.seen.made.add(order)

    def deleted(self, order: int, acknowledged: bool) -> None:
        """Record a delete. If it was acknowledged, the order must not exist at the end."""
        with self._lock:
            self.seen.made.discard(order)
            if acknowledged:
                self.seen.deleted.add(order)


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
        """Run one operation after the other."""
        operations = {name: getattr(self, name) for name in self.work.shares}
        while monotonic() < until and not self.work.stopped.is_set():
            (name,) = self.random.choices(list(operations), list(self.work.shares.values()))
            operations[name]()
            self.work.stopped.wait(self.work.pause)
        self.connection.close()

    def order_number(self) -> str:
        self.count += 1
        return f"s{self.work.seed}-c{self.number}-{self.count}"

    def some_order(self) -> int:
        """Return an order, mostly a hot one that other clients write to as well."""
        return self.random.choice(self.work.hot if self.random.random() < 0.8 or not self.own else self.own)

    def create(self) -> int | None:
        body = {"order_number": self.order_number(), "customer_name": self.name(), "total_amount": self.amount()}
        made = self.ask("create", "POST", "/orders/create", body)
        if made is None:
            return None
        self.own.append(made["id"])
        self.work.made(made["id"])
        return int(made["id"])

    def patch(self) -> None:
        self.ask("patch", "PATCH", f"/orders/{self.some_order()}/", {"customer_name": self.name()})

    def delete(self) -> None:
        if self.own:
            order = self.own.pop(self.random.randrange(len(self.own)))
            self.work.deleted(order, acknowledged=self.ask("delete", "DELETE", f"/orders/{order}/") is not None)

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
        """Send a request and record it. Return the answer's JSON, {} if it is empty, None if the request failed."""
        started = monotonic()
        status, headers, content, failure = self.exchange(method, path, body)
        taken = Taken(operation, status, started, monotonic() - started, float(headers.get(HEADER) or 0))
        self.work.note(taken, headers.get("X-Search-Status") or "", failure and f"{operation}: {failure}")
        if not status:
            self.work.stopped.wait(0.05)  # the connection was refused: do not retry at once
        return None if failure else json.loads(content or b"{}")

    def exchange(self, method: str, path: str, body: object) -> tuple[int, Headers, bytes, str]:
        """Return the answer's status (0 for none), headers, content, and a description of its failure."""
        try:
            data = json.dumps(body) if body is not None else None
            self.connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()  # the next request opens it again
            return 0, {}, b"", repr(error)
        failure = "" if 200 <= answer.status < 300 else f"{answer.status} {content[:300]!r}"
        return answer.status, answer.headers, content, failure
