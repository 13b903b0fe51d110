"""Run a command as `manage.py` does, and return its output and exit code."""

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

from django.core.management import ManagementUtility


class Ran(NamedTuple):
    """The result of a command."""

    code: int
    output: str
    errors: str = ""


def run(*arguments: str) -> Ran:
    """Run a command. It closes the database connections, as a process does, so use it in tests that commit."""
    output, errors, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(output), redirect_stderr(errors):
        try:
            # Not execute(), which would configure logging again, to a stream that is closed afterwards.
            ManagementUtility().fetch_command(arguments[0]).run_from_argv(["manage.py", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ran(code, output.getvalue(), errors.getvalue())


def fault(text: str, code: int = 1) -> Ran:
    """Return the result of a command that fails for an expected reason: one line, no traceback."""
    return Ran(code, "", f"CommandError: {text}\n")
