"""The machine's noise: the duration of writes that have nothing to do with the index, measured during the workload."""

import threading
from time import monotonic

from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.utils import timezone

PAUSE = 0.05  # seconds between two writes


class Control(threading.Thread):
    """An additional writer on a connection of its own. Only processor, disk and database slow it down, never a push."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.writes: list[tuple[float, float]] = []  # due time and end of each write, monotonic
        self._over = threading.Event()

    def run(self) -> None:
        due = monotonic()
        while not self._over.is_set():
            self._write()
            now = monotonic()
            self.writes.append((due, now))
            due = now + PAUSE
            self._over.wait(PAUSE)
        connection.close()

    def stop(self) -> None:
        self._over.set()
        self.join()

    def longest(self, begin: float, end: float) -> float:
        """Return the seconds of the longest write that ran between these two times."""
        return max((done - due for due, done in self.writes if due < end and done > begin), default=0.0)

    @property
    def slowest(self) -> float:
        return self.longest(0.0, monotonic())

    def _write(self) -> None:
        """Commit a write, or read on SQLite, whose writers wait for each other."""
        try:
            if connection.vendor == "sqlite":
                Session.objects.exists()
            else:
                Session.objects.update_or_create(session_key="control", defaults={"expire_date": timezone.now()})
        except DatabaseError:
            connection.close()  # the server was restarted; the next write opens a new connection
