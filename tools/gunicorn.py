"""The command line of gunicorn, as every tool that serves the project starts it."""

import sys

from tools import ports


def command(port: int, *options: str, threads: int = 8) -> list[str]:
    command = [sys.executable, "-m", "gunicorn", "project.wsgi", "--bind", f"{ports.HOST}:{port}"]
    command += ["--workers", "2", "--threads", str(threads), "--graceful-timeout", "5"]
    return [*command, "--log-level", "warning", "--no-control-socket", *options]
