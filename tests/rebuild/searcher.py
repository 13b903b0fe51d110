"""A client that searches again and again, and notes every answer that shows less than it must."""

import http.client
import json
import threading
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass
class Found:
    """What the searches saw."""

    searches: int = 0
    fresh: int = 0  # those with ?fresh=true
    failures: list[str] = field(default_factory=list)  # no answer, or one that is no result
    wrong: list[str] = field(default_factory=list)  # another count than the database has, in words


class Searcher(threading.Thread):
    """Searches `rows` orders that are never deleted, and creates orders that a fresh search must return at once."""

    def __init__(self, port: int, rows: int, kept: str) -> None:
        super().__init__(daemon=True)
        self.rows, self.kept = rows, kept
        self.made = 0
        self.pause = 0.02  # seconds between two looks
        self.found = Found()
        self._over = threading.Event()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def run(self) -> None:
        while not self._over.wait(self.pause):
            self.look()
            self.look_fresh()
        self._connection.close()

    def look(self) -> None:
        """Search the orders that existed from the beginning: all must be found."""
        count, _ = self.search(q="base", page_size="1")
        if count is not None and count != self.rows:
            self.found.wrong.append(f"{count} of {self.rows}")

    def look_fresh(self) -> None:
        """Create an order, which a fresh search must find in whichever index answers."""
        body = {"order_number": f"{self.kept}{self.made:06}", "customer_name": "Somebody", "total_amount": 1}
        status, _, _ = self.ask("POST", "/orders/create", body)
        if status != 201:
            self.found.failures.append(f"create: {status}")
            return
        self.made += 1
        count, fresh = self.search(q=self.kept, page_size="1", fresh="true")
        if count is not None and fresh == "yes":
            self.found.fresh += 1
            if count != self.made:
                self.found.wrong.append(f"{count} of {self.made} in a fresh search")

    def search(self, **query: str) -> tuple[int | None, str]:
        """Return the count, and whether it was fresh."""
        status, headers, answer = self.ask("GET", f"/orders/search?{urlencode(query)}")
        if status != 200:
            self.found.failures.append(f"search: {status} {answer!r}")
            return None, ""
        self.found.searches += 1
        return answer["count"], headers.get("X-Search-Fresh", "")

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, str], dict[str, int]]:
        """Status (0: no answer), headers and content."""
        try:
            data = json.dumps(body) if body is not None else None
            self._connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            content = answer.read()
            return answer.status, dict(answer.getheaders()), json.loads(content) if content else {}
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self.found.failures.append(repr(error))
            return 0, {}, {}

    def stop(self) -> Found:
        """End; what was seen."""
        self._over.set()
        self.join()
        return self.found
