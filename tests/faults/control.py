"""The machine's own noise: how long a write takes that no index knows of, moment by moment beside the clients."""

import threading
from time import monotonic

from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.utils import timezone

PAUSE = 0.05  # seconds between two writes


class Control(threading.Thread):
    """One writer more, on a connection of its own. What holds it up is not the push: processor, disk, database."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.writes: list[tuple[float, float]] = []  # from when it should have begun until it was done, monotonic
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
        """End."""
        self._over.set()
        self.join()

    def longest(self, begin: float, end: float) -> float:
        """Seconds of the longest of the writes that ran between these two moments."""
        return max((done - due for due, done in self.writes if due < end and done > begin), default=0.0)

    @property
    def slowest(self) -> float:
        return self.longest(0.0, monotonic())

    def _write(self) -> None:
        """A commit; on SQLite, whose writers wait for each other, a read."""
        try:
            if connection.vendor == "sqlite":
                Session.objects.exists()
            else:
                Session.objects.update_or_create(session_key="control", defaults={"expire_date": timezone.now()})
        except DatabaseError:
            connection.close()  # it was restarted; the next write connects anew
