"""What gunicorn is told beside its command line."""

import os
import shutil
import tempfile
from typing import Any

from gunicorn.http import message

# A search's cursor beside its other parameters is longer than the default, and a text of any length that people paste
# gets an answer that says what is wrong with it. What gunicorn allows at most is too little for that.
message.MAX_REQUEST_LINE = limit_request_line = 65_536

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "order-service-metrics-"


def on_starting(server: Any) -> None:
    """Let the workers add up what they measure, in a folder for as long as the server runs, unless one is named."""
    if not os.environ.get(FOLDER) or PREFIX in os.environ[FOLDER]:  # an older server that starts us leaves us its own
        server.metrics = os.environ[FOLDER] = tempfile.mkdtemp(prefix=PREFIX)


def on_exit(server: Any) -> None:
    """The folder goes with the server."""
    if folder := getattr(server, "metrics", ""):
        shutil.rmtree(folder, ignore_errors=True)
