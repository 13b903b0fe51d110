"""Wait until PostgreSQL reports that a session waits for a lock."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, connections

from tests.support import wait_until

WAITS = (
    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() "
    "AND pid <> pg_backend_pid() AND query LIKE %s"
)


def sql(text: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
    """Execute one statement on this thread's connection; its rows, if it gives any."""
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall() if cursor.description else []


class Session(threading.Thread):
    """A function in a thread with a connection of its own; what it raises is what `result` raises."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.work = work
        self._result: Any = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._result = self.work()
        except BaseException as error:
            self._error = error
        finally:
            connections.close_all()

    def waits(self, query: str) -> None:
        """Return when a statement like this one waits for a lock."""
        wait_until(lambda: self._error or (clear() and sql(WAITS, [query])), 30, f"no session waits in {query!r}")

    def result(self) -> Any:
        """Wait for the function to end, and return its result."""
        self.join(30)
        assert not self.is_alive(), "it does not end"
        if self._error:
            raise self._error
        return self._result


def clear() -> bool:
    """Clear the snapshot of the statistics, which a transaction otherwise keeps from its first query."""
    sql("SELECT pg_stat_clear_snapshot()")
    return True
