"""A pytest plugin that sets the environment of the tests, loaded before Django's settings.

DATABASE_URL and ELASTICSEARCH_URL may name real servers; without them the database is SQLite and tests marked
`engine` are skipped. TEST_ENGINE tells what ELASTICSEARCH_URL names: `real` (the default) or `embedded`.
"""

import os
import tempfile
from pathlib import Path

import pytest

# Before they are imported: their assertions explain themselves as those of test modules do.
pytest.register_assert_rewrite("tests.faults", "tests.rebuild", "tests.search", "tests.support", "tests.browser")

worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
if worker != "main":
    # Measure the tests' own processes only: coverage would slow the services that they start, and their deadlines.
    os.environ.pop("COVERAGE_PROCESS_START", None)
os.environ["DJANGO_ENV_FILE"] = ""
os.environ["DJANGO_DEBUG"] = "on"
os.environ["DJANGO_SECRET_KEY"] = "the tests' key, no secret"
os.environ["DJANGO_EXTRA_APPS"] = "tests.shop"
os.environ["SEARCH_INDEX_PREFIX"] = (
    f"test-{os.environ.get('TEST_RUN', os.getppid() if worker != 'main' else os.getpid())}-{worker}-"
)
UNREACHABLE = "http://127.0.0.1:9"  # the discard port, where no server answers
HAS_ENGINE = os.environ.get("ELASTICSEARCH_URL", UNREACHABLE) != UNREACHABLE  # workers inherit it from their controller
ENGINE_IS_REAL = HAS_ENGINE and os.environ.get("TEST_ENGINE", "real") == "real"
os.environ.setdefault("ELASTICSEARCH_URL", UNREACHABLE)
if not os.environ.get("DATABASE_URL"):
    folder = Path(tempfile.gettempdir()) / "order-service-tests"
    folder.mkdir(exist_ok=True)
    os.environ["DATABASE_URL"] = f"sqlite:///{folder}/{os.getpid()}-{worker}.sqlite3"
for name in (
    "SEARCH_PUSH",
    "SEARCH_PUSH_TIMEOUT",
    "SEARCH_DELETE_GRACE_PERIOD",
    "ELASTICSEARCH_API_KEY",
    "ELASTICSEARCH_CA_CERTS",
):
    os.environ.pop(name, None)
os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
