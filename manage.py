#!/usr/bin/env python
"""Run a command of the order service."""

import os
import sys


def main() -> None:
    """Run the command named on the command line; a wrong setting is one line and exit code 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit(
            "Django is not installed in this Python. Run script/server once, which makes the "
            "environment, then activate it: . .venv/bin/activate"
        )
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Not configured: {error}")


if __name__ == "__main__":
    main()
