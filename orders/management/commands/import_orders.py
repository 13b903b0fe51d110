"""`manage.py import_orders FILE`: orders from CSV or lines of JSON. Run it again to go on where it was stopped.

Exit code 0: all are there. 1: lines were refused (see the rejects file), or the file cannot be read. 130: stopped.
"""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from rest_framework.exceptions import APIException
from tqdm import tqdm

from orders import file_readers
from orders.importing import Checkpoint, Import, Rejects, Tally

FORMATS = {"csv": file_readers.table, "ndjson": file_readers.ndjson}
ENDINGS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}


class Command(BaseCommand):
    """Parse, import once, report."""

    help = "Import orders from CSV or lines of JSON; exit 1 when lines were refused."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a .csv, .ndjson or .jsonl file; - is standard input")
        parser.add_argument("--format", choices=FORMATS, help="what the file is, where its name does not tell")
        parser.add_argument("--rejects", type=Path, metavar="FILE", help="where refused lines go (FILE.rejects)")
        parser.add_argument("--from-start", action="store_true", help="do not go on where an earlier run stopped")

    def handle(self, *, file: str, rejects: Path | None, from_start: bool, **options: Any) -> None:
        name = options["format"] or ENDINGS.get(Path(file).suffix.lower())
        if name is None:
            raise CommandError("Say what the file is: --format csv or --format ndjson.")
        rejects = rejects or Path("stdin.rejects" if file == "-" else f"{file}.rejects")
        with ExitStack() as stack:
            stream = sys.stdin.buffer if file == "-" else stack.enter_context(opened(file))
            size = 0 if file == "-" else Path(file).stat().st_size
            checkpoint = Checkpoint(None if file == "-" else Path(f"{file}.checkpoint"), size)
            if from_start:
                checkpoint.remove()
            report = stack.enter_context(Bar(stream, size, silent=options["verbosity"] < 1))
            run = Import(FORMATS[name](stream), checkpoint, Rejects(rejects), report)
            tally = self.result(run)
        self.say(file, tally, rejects, options["verbosity"])

    def result(self, run: Import) -> Tally:
        """What became of it, or one line."""
        try:
            return run.run()
        except (file_readers.UnreadableFile, OSError, APIException) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database failed: {' '.join(str(error).split())} Run it again to go on.") from error
        except KeyboardInterrupt:
            raise CommandError(f"Stopped after line {run.tally.line}. Run it again to go on.", returncode=130) from None

    def say(self, file: str, tally: Tally, rejects: Path, verbosity: int) -> None:
        """One line, and the exit code."""
        there = f", {tally.there} were there" if tally.there else ""
        refused = f", {tally.refused} refused: see {rejects}" if tally.refused else ""
        if verbosity > 0:
            self.stdout.write(f"{file}: {tally.made} orders made{there}{refused}")
        if tally.refused:
            sys.exit(1)


class Bar:
    """How much of the file is read, with rate and time left, on a terminal."""

    def __init__(self, stream: IO[bytes], size: int, *, silent: bool) -> None:
        self.stream, self.size = stream, size
        # None: on a terminal only.
        unit: Any = {"unit": "B", "unit_scale": True} if size else {"unit": " lines"}
        self.bar = tqdm(total=size or None, disable=True if silent else None, leave=False, **unit)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def __call__(self, tally: Tally) -> None:
        self.bar.set_postfix(made=tally.made, refused=tally.refused, refresh=False)
        self.bar.update((self.stream.tell() if self.size else tally.line) - self.bar.n)
        self.bar.refresh()


def opened(file: str) -> IO[bytes]:
    """The file; CommandError says why it cannot be opened."""
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
