"""Run all linters. The exit code says whether all of them passed."""

import os
import subprocess
import sys
from pathlib import Path

from tools import errors
from tools.paths import ROOT

BIN = Path(sys.executable).parent
# Enough for Django to start; neither database nor engine is used.
DJANGO = {
    "DJANGO_ENV_FILE": "",
    "DJANGO_DEBUG": "on",
    "DJANGO_EXTRA_APPS": "tests.shop",  # the tests' models, for mypy
    "DJANGO_SECRET_KEY": "the linters' key, no secret",
    "ELASTICSEARCH_URL": "http://127.0.0.1:9",
    "DATABASE_URL": "sqlite://:memory:",
}
# A schema that comes with check-jsonschema, and the file that must follow it.
SCHEMAS = [
    ("compose-spec", "docker-compose.yml"),
    ("dependabot", ".github/dependabot.yml"),
    ("github-workflows", ".github/workflows/ci.yml"),
]


def commands() -> list[list[str]]:
    manage = [sys.executable, "manage.py"]
    return [
        [str(BIN / "ruff"), "check", "."],
        [str(BIN / "ruff"), "format", "--check", "."],
        [str(BIN / "mypy")],
        [str(BIN / "lint-imports"), "--no-logo", "--no-cache"],
        [str(BIN / "codespell")],
        *[[str(BIN / "check-jsonschema"), "--builtin-schema", f"vendor.{name}", path] for name, path in SCHEMAS],
        *[["bash", "-n", str(script)] for script in scripts()],
        [*manage, "check"],
        [*manage, "makemigrations", "--check", "--dry-run"],
        [*manage, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull],
    ]


def scripts() -> list[Path]:
    return [path.relative_to(ROOT) for path in [*sorted((ROOT / "script").iterdir()), ROOT / ".ci" / "run"]]


def passes(command: list[str]) -> bool:
    result = subprocess.run(command, cwd=ROOT, env=os.environ | DJANGO, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return True
    print(f"{result.stdout}{result.stderr}\nFailed: {' '.join([Path(command[0]).name, *command[1:]])}\n", flush=True)
    return False


def main() -> int:
    results = [passes(command) for command in commands()]
    print(f"{sum(results)} of {len(results)} linters passed.")
    return 0 if all(results) else 1


if __name__ == "__main__":
    errors.run(main)
