"""Eight clients that write through HTTP, mostly the same few orders, and what they saw."""

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

CLIENTS = 8
HOT = 5  # orders that most patches go to
# How often, of each hundred operations.
SHARES = {"patch": 55, "create": 20, "delete": 8, "bulk": 10, "rollback": 7}
UNPUSHED = ("bulk", "rollback")  # one sends no signal, the other has no commit


class Taken(NamedTuple):
    """One request, and how long it took."""

    operation: str
    status: int  # 0 when no answer came
    started: float  # monotonic
    seconds: float  # the client's
    held: float  # the service's: what of them it waited for its push

    @property
    def ended(self) -> float:
        return self.started + self.seconds

    @property
    def failed(self) -> bool:
        return not 200 <= self.status < 300


@dataclass
class Seen:
    """What the clients saw."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)  # of (operation, status; 0 for none)
    marks: Counter[str] = field(default_factory=Counter)  # of X-Search-Status
    taken: list[Taken] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)  # all but 2xx, and lost connections, in words
    made: set[int] = field(default_factory=set)  # orders that were acknowledged and never asked to be deleted
    deleted: set[int] = field(default_factory=set)  # orders whose delete was acknowledged

    def beyond(self, seconds: float, control: Control) -> list[Taken]:
        """The requests that took so much longer than writes without a push at the same time, over HTTP or not."""
        slow = [each for each in self.taken if each.seconds > seconds]
        return [each for each in slow if each.seconds > seconds + max(noise(each, control), self.beside(each))]

    def beside(self, taken: Taken) -> float:
        """The longest of the other requests at the same time that push nothing, but wait for the same rows."""
        others = (each for each in self.taken if each.operation in UNPUSHED and each is not taken)
        return max(
            (each.seconds for each in others if each.started < taken.ended and each.ended > taken.started), default=0.0
        )

    def held_beyond(self, seconds: float, control: Control) -> list[Taken]:
        """The requests that the service itself held so long for their push; the database's part is not in it."""
        return [each for each in self.taken if each.held > seconds + noise(each, control)]

    @property
    def seconds(self) -> list[tuple[float, str]]:
        """Each request's, with its operation."""
        return [(each.seconds, each.operation) for each in self.taken]

    @property
    def slowest(self) -> float:
        return max((each.seconds for each in self.taken), default=0.0)

    @property
    def longest_held(self) -> float:
        return max((each.held for each in self.taken), default=0.0)


def noise(taken: Taken, control: Control) -> float:
    """What a write without a push took while this request ran."""
    return control.longest(taken.started, taken.ended)


class Workload:
    """Runs until `seconds` are over or `stop`; the same seed makes each client want the same."""

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

    def note(self, taken: Taken, mark: str, failure: str) -> None:
        """One request and its answer."""
        with self._lock:
            self.seen.answers[taken.operation, taken.status] += 1
            self.seen.taken.append(taken)
            if mark:
                self.seen.marks[mark] += 1
            if failure:
                self.seen.failures.append(failure)

    def made(self, order: int) -> None:
        """It was acknowledged, so it must be there at the end."""
        with self._lock:
            self.seen.made.add(order)

    def deleted(self, order: int, acknowledged: bool) -> None:
        """It was asked to be deleted; when that was acknowledged it must be gone at the end."""
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
        """One operation after the other."""
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
        """Mostly a hot one, which the other clients want too."""
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
        """The answer's JSON, {} when it is empty; None when the request failed. Notes what came."""
        started = monotonic()
        status, headers, content, failure = self.exchange(method, path, body)
        taken = Taken(operation, status, started, monotonic() - started, float(headers.get(HEADER) or 0))
        self.work.note(taken, headers.get("X-Search-Status") or "", failure and f"{operation}: {failure}")
        if not status:
            self.work.stopped.wait(0.05)  # nobody listens: not again at once
        return None if failure else json.loads(content or b"{}")

    def exchange(self, method: str, path: str, body: object) -> tuple[int, Mapping[str, str], bytes, str]:
        """The answer's status (0 for none), headers and content; and in words what is wrong with it."""
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
