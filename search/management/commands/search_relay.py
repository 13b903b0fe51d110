"""`manage.py search_relay`: pushes what the synchronous push could not."""

import os
import signal
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...models import Entry
from ...outbox import transitions
from ...outbox.outcomes import Outcome
from ...push.relay import Relay
from ..arguments import add_database, positive_int, positive_number
from ..base import SearchCommand
from ..progress import ProgressBar


class Command(SearchCommand):
    """Run the relay."""

    help = "Push what waits in the outbox; for ever, or once with --drain."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--drain", action="store_true", help="push until nothing is due, then exit")
        parser.add_argument("--batch-size", type=positive_int, metavar="N", help="entries claimed at once")
        parser.add_argument("--poll", type=positive_number, metavar="SECONDS", help="between two looks at the outbox")
        add_database(parser)

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
        self.show_draining(relay)
        entries = Entry.objects.using(relay.using)
        waiting, settling, dead = entries.pending().count(), entries.settling().count(), entries.dead().count()
        pushed = relay.counts[Outcome.DONE]
        self.stdout.write(f"pushed {pushed}, waiting {waiting}, settling {settling}, dead {dead}")
        if waiting:
            why = entries.pending().exclude(last_error="").values_list("last_error", flat=True).first()
            raise CommandError(
                f"{waiting} still wait{f' ({why})' if why else ''}; run it again when the engine answers."
            )

    def show_draining(self, relay: Relay) -> None:
        """Drain with a bar on a terminal, or a line now and then."""
        bar, done = ProgressBar(self.stderr, "search_relay", verbosity=self.verbosity), 0
        transitions.connect(relay.using)  # before the first question: it is this connection that is drained by
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
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: sys.exit(1))  # before it is promised: the second may come at once
        relay.stop()
        os.write(2, b"Ending after this batch; the same signal again ends at once.\n")  # a handler must not lock

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
