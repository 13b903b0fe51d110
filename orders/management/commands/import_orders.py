"""`manage.py import_orders FILE`: import orders from CSV or JSON lines. Run it again to continue where it stopped.

Exit code 0: all orders are imported. 1: records were refused (see the rejects file), or the file cannot be read.
130: interrupted.
"""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from rest_framework.exceptions import APIException
from tqdm import tqdm

from orders.file_readers import UnreadableFile, read_csv, read_ndjson
from orders.importing import Checkpoint, Import, Progress, RejectsFile

READERS = {"csv": read_csv, "ndjson": read_ndjson}
FORMATS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}  # by suffix


class Command(BaseCommand):
    """Import orders from a file."""

    help = "Import orders from CSV or JSON lines. Exits with 1 if records were refused."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a .csv, .ndjson or .jsonl file, or - for standard input")
        parser.add_argument("--format", choices=READERS, help="the format, if the file name does not say it")
        parser.add_argument(
            "--rejects", type=Path, metavar="FILE", help="the file for refused records (default: FILE.rejects)"
        )
        parser.add_argument(
            "--from-start", action="store_true", help="do not continue an interrupted import, start from the beginning"
        )

    def handle(self, *, file: str, rejects: Path | None, from_start: bool, **options: Any) -> None:
        file_format = options["format"] or FORMATS.get(Path(file).suffix.lower())
        if file_format is None:
            raise CommandError("The file name does not say the format. Add --format csv or --format ndjson.")
        is_stdin = file == "-"
        rejects = rejects or Path("stdin.rejects" if is_stdin else f"{file}.rejects")
        with ExitStack() as stack:
            stream = sys.stdin.buffer if is_stdin else stack.enter_context(open_file(file))
            size = 0 if is_stdin else Path(file).stat().st_size
            checkpoint = Checkpoint(None if is_stdin else Path(f"{file}.checkpoint"), size)
            if from_start:
                checkpoint.remove()
            bar = stack.enter_context(ProgressBar(stream, size, silent=options["verbosity"] < 1))
            progress = self.run_import(
                Import(READERS[file_format](stream), checkpoint, RejectsFile(rejects), on_progress=bar)
            )
        self.report(file, progress, rejects, options["verbosity"])

    def run_import(self, run: Import) -> Progress:
        try:
            return run.run()
        except (UnreadableFile, OSError, APIException) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            reason = " ".join(str(error).split())
            raise CommandError(f"The database failed: {reason} Run the command again to continue.") from error
        except KeyboardInterrupt:
            message = f"Stopped after line {run.progress.line}. Run the command again to continue."
            raise CommandError(message, returncode=130) from None

    def report(self, file: str, progress: Progress, rejects: Path, verbosity: int) -> None:
        """Write the counts; exit with 1 if records were refused."""
        unchanged = f", {progress.unchanged} unchanged" if progress.unchanged else ""
        refused = f", {progress.refused} refused (see {rejects})" if progress.refused else ""
        if verbosity > 0:
            self.stdout.write(f"{file}: {progress.created} orders created{unchanged}{refused}")
        if progress.refused:
            sys.exit(1)


class ProgressBar:
    """A progress bar on a terminal: bytes of a file, or lines of standard input."""

    def __init__(self, stream: IO[bytes], size: int, *, silent: bool) -> None:
        self.stream, self.size = stream, size
        unit: Any = {"unit": "B", "unit_scale": True} if size else {"unit": " lines"}
        # disable=None: no bar unless on a terminal.
        self.bar = tqdm(total=size or None, disable=True if silent else None, leave=False, **unit)

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def __call__(self, progress: Progress) -> None:
        self.bar.set_postfix(created=progress.created, refused=progress.refused, refresh=False)
        self.bar.update((self.stream.tell() if self.size else progress.line) - self.bar.n)
        self.bar.refresh()


def open_file(file: str) -> IO[bytes]:
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
