"""A connection to SQLite that waits where SQLite itself does not."""

from sqlite3 import Connection, OperationalError
from time import monotonic, sleep
from typing import Any

from django.db.backends.sqlite3 import base

PAUSE = 0.01  # seconds between two attempts


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, but for the opening of a file."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        """Open the file, for as long as its `timeout` allows.

        Two that make a new file write-ahead-logged at once meet at a lock that SQLite refuses without waiting.
        """
        deadline = monotonic() + float(conn_params.get("timeout", 0.0))
        while True:
            try:
                connection: Connection = super().get_new_connection(conn_params)
                return connection
            except OperationalError as error:
                if "locked" not in str(error) or monotonic() > deadline:
                    raise
            sleep(PAUSE)
