"""The embedded engine: one small program that answers like Elasticsearch, for trying the project out only.

Known of it: a kill -9 loses up to 5 seconds of acknowledged writes, a damaged data file starts empty without a word,
it takes a stale write after a delete, and it is slow beyond 20,000 documents. So it is compared with the database at
every start, and nothing that must be right rests on it.
"""

import subprocess
from importlib.resources import files
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .exceptions import EmbeddedEngineMissing

MANY_ROWS = 5_000  # above this the embedded engine gets slow


def program() -> Path:
    """The engine's own program, tried once. The package's command is a wrapper: SIGTERM ends it and not the engine."""
    try:
        path = Path(str(files("noida_db") / "noida-db"))
    except ModuleNotFoundError:
        raise EmbeddedEngineMissing("noida-db is not installed, or not made for this system") from None
    try:
        tried = subprocess.run([path, "version"], capture_output=True, text=True, timeout=10, check=False)
    except OSError as error:  # no such loader: musl instead of glibc
        raise EmbeddedEngineMissing(error) from error
    if tried.returncode:
        raise EmbeddedEngineMissing(tried.stderr.strip())
    return path


def command(port: int, data: Path) -> list[str]:
    """What to execute: Elasticsearch's part alone, on loopback."""
    options = ["--host", "127.0.0.1", "--elasticsearch-port", str(port), "--data-dir", str(data)]
    return [str(program()), "start", "--only", "elasticsearch", *options]


def refuse_in_production() -> None:
    """ImproperlyConfigured unless debug is on."""
    if not settings.DEBUG:
        raise ImproperlyConfigured("The embedded engine is for trying the project out. Set ELASTICSEARCH_URL.")
