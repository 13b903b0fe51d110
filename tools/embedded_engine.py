"""The embedded engine: one small program that answers like Elasticsearch, for trying the project out only.

It loses up to 5 seconds of acknowledged writes when it is killed, starts empty without a message when its data file is
damaged, accepts a stale write after a delete, and is slow beyond 20,000 documents. script/server therefore compares it
with the database at every start.
"""

import subprocess
from importlib.resources import files
from pathlib import Path

from tools import ports
from tools.errors import ToolError

MAX_COMFORTABLE_ROWS = 5_000  # with more rows it gets slow
MISSING = (
    "The embedded engine cannot run here. Set ELASTICSEARCH_URL to a real one: `script/elasticsearch up` starts it."
)


def program() -> Path:
    """Return the engine's program. ToolError if it is not installed or does not run on this system.

    The command that the package installs is a wrapper, which SIGTERM ends without ending the engine.
    """
    try:
        path = Path(str(files("noida_db") / "noida-db"))
    except ModuleNotFoundError:
        raise ToolError(f"{MISSING} (noida-db is not installed, or not built for this system)") from None
    try:
        attempt = subprocess.run([path, "version"], capture_output=True, text=True, timeout=10, check=False)
    except OSError as error:  # no such loader: the system has musl instead of glibc
        raise ToolError(f"{MISSING} ({error})") from error
    if attempt.returncode:
        raise ToolError(f"{MISSING} ({attempt.stderr.strip()})")
    return path


def command(port: int, data: Path) -> list[str]:
    options = ["--host", ports.HOST, "--elasticsearch-port", str(port), "--data-dir", str(data)]
    return [str(program()), "start", "--only", "elasticsearch", *options]


def refuse_in_production(debug: bool) -> None:
    if not debug:
        raise ToolError("The embedded engine is for trying the project out. Set ELASTICSEARCH_URL.")
