#!/usr/bin/env python
"""Run administrative commands of the order service."""

import os
import sys


def main() -> None:
    """Run the command. An invalid setting is one line on stderr and exit code 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit(
            "Django is not installed in this environment. Run script/server once, which creates one, then activate it: "
            ". .venv/bin/activate"
        )
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Not configured: {error}")


if __name__ == "__main__":
    main()
