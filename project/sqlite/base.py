"""A SQLite connection that waits where SQLite itself does not."""

from sqlite3 import Connection, OperationalError
from time import monotonic, sleep
from typing import Any

from django.db.backends.sqlite3 import base

RETRY_DELAY = 0.01  # seconds


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's backend, which also waits for the lock of a new file."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        """Open the file, retrying until its `timeout`.

        When two processes switch a new file to write-ahead logging at once, SQLite refuses one of them without waiting.
        """
        deadline = monotonic() + float(conn_params.get("timeout", 0.0))
        while True:
            try:
                connection: Connection = super().get_new_connection(conn_params)
                return connection
            except OperationalError as error:
                if "locked" not in str(error) or monotonic() > deadline:
                    raise
            sleep(RETRY_DELAY)
