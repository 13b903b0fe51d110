"""The faults of an engine, or of the connection to it, that the proxy can simulate."""

import json
import threading
from random import Random
from typing import Any

from tools.fault_proxy import Exchange, Fault, FaultProxy
from tools.http_messages import Answer, Request

TOO_MANY = {"type": "es_rejected_execution_exception", "reason": "rejected execution: the queue is full"}


class Refused(Fault):
    """Connections are refused."""

    def begin(self, proxy: FaultProxy) -> None:
        proxy.refuse()

    def end(self, proxy: FaultProxy) -> None:
        proxy.listen()


class BlackHole(Fault):
    """Connections are accepted, and nothing is answered."""

    def handle(self, exchange: Exchange) -> None:
        self.over.wait()
        exchange.reset()


class Slow(Fault):
    """Each answer takes up to `most` seconds longer."""

    def __init__(self, most: float = 0.3, seed: int = 0) -> None:
        super().__init__()
        self.most = most
        self.random = Random(seed)

    def handle(self, exchange: Exchange) -> None:
        self.over.wait(self.random.uniform(0, self.most))
        super().handle(exchange)


class Drip(Fault):
    """The answer arrives byte by byte, so that no single read takes long."""

    def __init__(self, pause: float = 0.3) -> None:
        super().__init__()
        self.pause = pause

    def handle(self, exchange: Exchange) -> None:
        answer = bytes(exchange.forward())
        for at in range(len(answer)):
            if self.over.wait(self.pause):
                exchange.send(answer[at:])
                return
            exchange.send(answer[at : at + 1])


class AnswerLost(Fault):
    """The engine applies the request, but its answer is lost: alternately by silence and by a reset."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def handle(self, exchange: Exchange) -> None:
        exchange.forward()
        self.count += 1
        if self.count % 2:
            self.over.wait()
        exchange.reset()


class Late(Fault):
    """Some bulk requests are held back while the client sees them fail. Each arrives after newer ones.

    `share` of the bulks are held; `delay` bounds the seconds until each is delivered, None leaves it to `deliver`.
    """

    def __init__(self, share: float = 0.3, delay: float | None = 3.0, seed: int = 0) -> None:
        super().__init__()
        self.share = share
        self.delay = delay
        self.random = Random(seed)
        self.held: list[Request] = []
        self._lock = threading.Lock()

    def handle(self, exchange: Exchange) -> None:
        if not exchange.request.is_bulk or self.random.random() >= self.share:
            return super().handle(exchange)
        with self._lock:
            self.held.append(exchange.request)
        if self.delay is not None:
            seconds = self.random.uniform(0, self.delay)
            threading.Timer(seconds, self._deliver_one, [exchange.proxy, exchange.request]).start()
        return exchange.reset()

    def deliver(self, proxy: FaultProxy) -> int:
        """Deliver the held requests, oldest first. Return their number."""
        return sum(self._deliver_one(proxy, request) for request in list(self.held))

    def end(self, proxy: FaultProxy) -> None:
        self.deliver(proxy)

    def _deliver_one(self, proxy: FaultProxy, request: Request) -> bool:
        with self._lock:
            if request not in self.held:
                return False
            self.held.remove(request)
        proxy.ask(request)
        return True


class Status(Fault):
    """Every request gets one status, and none reaches the engine."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status

    def handle(self, exchange: Exchange) -> None:
        exchange.send(Answer.from_json(self.status, {"error": TOO_MANY, "status": self.status}))


class ItemsRefused(Fault):
    """A `share` of the items in each bulk is answered with 429. Only the others reach the engine."""

    def __init__(self, share: float = 0.5, seed: int = 0) -> None:
        super().__init__()
        self.share = share
        self.random = Random(seed)

    def handle(self, exchange: Exchange) -> None:
        if not exchange.request.is_bulk:
            return super().handle(exchange)
        items = bulk_items(exchange.request.body)
        refused = [self.random.random() < self.share for _ in items]
        passed = [lines for (_, _, lines), no in zip(items, refused, strict=True) if not no]
        answered = iter(self._ask(exchange, b"".join(passed)) if passed else ())
        merged = [
            too_many(name, action) if no else next(answered)
            for (name, action, _), no in zip(items, refused, strict=True)
        ]
        return exchange.send(Answer.from_json(200, {"took": 1, "errors": any(refused), "items": merged}))

    def _ask(self, exchange: Exchange, body: bytes) -> list[dict[str, Any]]:
        """Return the engine's answers to the operations in `body`."""
        answer = exchange.forward(exchange.request._replace(body=body))
        return list(json.loads(answer.body)["items"])


def bulk_items(body: bytes) -> list[tuple[str, dict[str, Any], bytes]]:
    """Return the name, the action and the lines of each operation of a bulk."""
    lines, items = iter(body.splitlines(keepends=True)), []
    for line in lines:
        if line.strip():
            ((name, action),) = json.loads(line).items()
            items.append((name, action, line if name == "delete" else line + next(lines)))
    return items


def too_many(name: str, action: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one refused operation."""
    return {name: {"_index": action["_index"], "_id": action["_id"], "status": 429, "error": TOO_MANY}}


class ResetInMidBody(Fault):
    """Half of the answer, then a reset."""

    def handle(self, exchange: Exchange) -> None:
        answer = exchange.forward()
        data = bytes(answer)
        exchange.send(data[: len(data) - len(answer.body) // 2 - 1])
        exchange.reset()


class Flapping(Fault):
    """Connections are refused and accepted in turns."""

    def __init__(self, up: float = 0.3, down: float = 0.3) -> None:
        super().__init__()
        self.up, self.down = up, down
        self._proxy: FaultProxy | None = None
        self._thread = threading.Thread(target=self._flap, daemon=True)

    def begin(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self._thread.start()

    def end(self, proxy: FaultProxy) -> None:
        self._thread.join()

    def _flap(self) -> None:
        assert self._proxy is not None
        while not self.over.is_set():
            self._proxy.refuse()
            self.over.wait(self.down)
            self._proxy.listen()
            self.over.wait(self.up)
