"""What a tool says when it cannot go on: one line, exit code 1, no traceback."""

import sys
from collections.abc import Callable


class ToolError(Exception):
    """A fact that stops the tool; its text says what to do next."""


def run(main: Callable[[], int | None]) -> None:
    """Run a tool's main and leave with its exit code."""
    try:
        sys.exit(main() or 0)
    except ToolError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
