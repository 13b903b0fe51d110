"""Errors of the tools: one line, exit code 1, no traceback."""

import sys
from collections.abc import Callable


class ToolError(Exception):
    """An error that stops the tool. Its text says what to do next."""


def run(main: Callable[[], int | None]) -> None:
    try:
        sys.exit(main() or 0)
    except ToolError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
