"""`manage.py search_relay`: pushes what the synchronous push could not."""

import signal
import sys
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS
from django.db import Error as DatabaseError

from search.models import Entry
from search.progress import ProgressBar
from search.sync.outcomes import Outcome
from search.sync.relay import Relay


def positive_int(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def positive_seconds(text: str) -> float:
    """A number of seconds above 0."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


class Command(BaseCommand):
    """Run the relay."""

    help = "Push what waits in the outbox; for ever, or once with --drain."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--drain", action="store_true", help="push until nothing is due, then exit")
        parser.add_argument("--batch-size", type=positive_int, metavar="N", help="entries claimed at once")
        parser.add_argument("--poll", type=positive_seconds, metavar="SECONDS", help="between two looks at the outbox")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="which of DATABASES")

    def handle(self, *, drain: bool, batch_size: int | None, poll: float | None, database: str, **options: Any) -> None:
        self.verbosity = int(options["verbosity"])
        relay = Relay(database, batch_size=batch_size, poll=poll)
        stop_politely(relay)
        if drain:
            self.drain(relay)
        else:
            relay.run()

    def drain(self, relay: Relay) -> None:
        """Empty the outbox once and say what is left; exit code 1 when something still waits."""
        try:
            self.show_draining(relay)
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {error}") from error
        entries = Entry.objects.using(relay.using)
        waiting, settling, dead = entries.waiting().count(), entries.settling().count(), entries.dead().count()
        pushed = relay.counts[Outcome.DONE]
        self.stdout.write(f"pushed {pushed}, waiting {waiting}, settling {settling}, dead {dead}")
        if waiting:
            why = entries.waiting().exclude(last_error="").values_list("last_error", flat=True).first()
            raise CommandError(
                f"{waiting} still wait{f' ({why})' if why else ''}; run it again when the engine answers."
            )

    def show_draining(self, relay: Relay) -> None:
        """Drain with a bar on a terminal, or a line now and then."""
        bar, done = ProgressBar(self.stderr, "search_relay", verbosity=self.verbosity), 0
        total = Entry.objects.using(relay.using).due().count()

        def show(handled: int) -> None:
            nonlocal done
            done += handled
            bar.show(done, max(done, total), relay.counts[Outcome.REFUSED])

        bar.show(0, total)
        try:
            relay.drain(show)
        finally:
            bar.close()


def stop_politely(relay: Relay) -> None:
    """SIGTERM or SIGINT finishes the batch; the second one ends at once."""

    def stop(number: int, frame: object) -> None:
        relay.stop()
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: sys.exit(1))

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
