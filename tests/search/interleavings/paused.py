"""A push that stops before a step until the test lets it go on: an interleaving by order, not by luck."""

import re
import threading
from collections.abc import Sequence
from typing import Any, Self

import pytest
from django.db import connection, connections

from search.outbox import transitions
from search.outbox.outcomes import PushResult
from search.push import bulk
from search.push.actions import BulkAction
from search.push.push import push_keys

PATIENCE = 30.0  # seconds; only a test that fails waits so long
STEPS = {
    "search_outbox": "entries",
    "orders_order": "rows",
    "shop_item": "rows",
    "shop_part": "parts",
    "search_index": "targets",
}
FROM = re.compile(r'SELECT .*?\sFROM "(\w+)"', re.DOTALL)


class Push(threading.Thread):
    """A push of some keys and its record, in a thread and with a database connection of its own.

    Its steps: snapshot, entries, rows (and parts), targets, released, send, record.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self.keys = keys
        self.steps: list[str] = []
        self.actions: Sequence[BulkAction] = ()
        self.results: list[PushResult] = []
        self._error: BaseException | None = None
        self._goal = ""
        self._stands, self._go = threading.Event(), threading.Event()

    def until(self, step: str) -> Self:
        """Let it run, and return when it is about to do `step`."""
        self._goal = step
        self._stands.clear()
        self._run_on()
        assert self._stands.wait(PATIENCE), f"it does not come to {step!r}: {self.steps}"
        assert self.steps[-1:] == [step], f"it ended without {step!r}: {self.steps}, {self._error!r}"
        return self

    def end(self) -> list[PushResult]:
        """Let it run to its end, and return its results."""
        self._goal = ""
        self._run_on()
        self.join(PATIENCE)
        assert not self.is_alive(), f"it does not end: {self.steps}"
        if self._error:
            raise self._error
        return self.results

    def before(self, step: str) -> None:
        """Pause in the thread if this step is the goal."""
        self.steps.append(step)
        if step == self._goal:
            self._go.clear()
            self._stands.set()
            self._go.wait(PATIENCE)

    def run(self) -> None:
        try:
            with connection.execute_wrapper(self._query):
                self.results = push_keys(self.keys, "default")
            self.before("record")
            transitions.apply_results(self.results, "default")
        except BaseException as error:
            self._error = error
        finally:
            self._stands.set()
            connections.close_all()

    def _run_on(self) -> None:
        self._go.set()
        if self.ident is None:
            self.start()

    def _query(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("BEGIN"):
            self.before("snapshot")
        elif sql == "COMMIT":
            self.before("released")
        elif (found := FROM.match(sql)) and found[1] in STEPS:
            self.before(STEPS[found[1]])
        return execute(sql, params, many, context)


def stop_before_send(patch: pytest.MonkeyPatch) -> None:
    """Make `send` a step: a push that stands before it has read all, and holds no snapshot."""
    really = bulk.post_bulk

    def send(actions: Sequence[BulkAction], read_at: float, timeout: float) -> Any:
        if isinstance(thread := threading.current_thread(), Push):
            thread.actions = actions
            thread.before("send")
        return really(actions, read_at, timeout)

    patch.setattr(bulk, "post_bulk", send)
