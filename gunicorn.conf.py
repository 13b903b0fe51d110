"""Configuration of gunicorn in addition to its command line."""

import os
import shutil
import tempfile
from typing import Any

from gunicorn.http import message

# A search with a cursor can be longer than the default, and a pasted text that is too long should get the API's own
# error. The setting alone cannot exceed gunicorn's maximum.
message.MAX_REQUEST_LINE = limit_request_line = 65_536

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "order-service-metrics-"


def on_starting(server: Any) -> None:
    """Give the workers a folder in which their metrics are added up, unless one is configured."""
    # A folder of ours in the environment belongs to the server that started this one, for an upgrade.
    if not os.environ.get(FOLDER) or PREFIX in os.environ[FOLDER]:
        server.metrics = os.environ[FOLDER] = tempfile.mkdtemp(prefix=PREFIX)


def on_exit(server: Any) -> None:
    if folder := getattr(server, "metrics", ""):
        shutil.rmtree(folder, ignore_errors=True)
