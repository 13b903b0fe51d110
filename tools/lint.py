"""The linters: each is run, and the exit code says whether all agreed."""

import os
import subprocess
import sys
from pathlib import Path

from tools import errors

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# Enough for Django to start; no database or engine is asked.
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
    """What is run, in order."""
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
    """The shell scripts."""
    return [path.relative_to(ROOT) for path in [*sorted((ROOT / "script").iterdir()), ROOT / ".ci" / "run"]]


def agrees(command: list[str]) -> bool:
    """Run one linter; show its output and its name when it objects."""
    done = subprocess.run(command, cwd=ROOT, env=os.environ | DJANGO, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return True
    print(f"{done.stdout}{done.stderr}\nObjected: {' '.join([Path(command[0]).name, *command[1:]])}\n", flush=True)
    return False


def main() -> int:
    """Run all of them, report."""
    verdicts = [agrees(command) for command in commands()]
    print(f"{sum(verdicts)} of {len(verdicts)} linters agree.")
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    errors.run(main)
