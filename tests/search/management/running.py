"""Runs a command as `manage.py` does, with all that it says and its exit code."""

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

from django.core.management import ManagementUtility


class Ran(NamedTuple):
    """What a command left."""

    code: int
    output: str
    errors: str = ""


def run(*arguments: str) -> Ran:
    """The command's end. It closes the database's connections, as a process does: for tests that commit."""
    output, errors, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(output), redirect_stderr(errors):
        try:
            # Not execute(), which would set up logging anew, to a stream that is gone afterwards.
            ManagementUtility().fetch_command(arguments[0]).run_from_argv(["manage.py", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ran(code, output.getvalue(), errors.getvalue())


def fault(text: str, code: int = 1) -> Ran:
    """The end of a command that fails for an expected reason: one line, no traceback."""
    return Ran(code, "", f"CommandError: {text}\n")
