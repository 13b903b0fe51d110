"""`manage.py search_relay`: push the changes that no request has pushed."""

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
    help = "Push the pending entries of the outbox until stopped, or once with --drain."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--drain", action="store_true", help="push until no entry is due, then exit")
        parser.add_argument("--batch-size", type=positive_int, metavar="N", help="entries claimed at once")
        parser.add_argument(
            "--poll", type=positive_number, metavar="SECONDS", help="interval between queries of the outbox"
        )
        add_database(parser)

    def handle(self, *, drain: bool, batch_size: int | None, poll: float | None, database: str, **options: Any) -> None:
        self.verbosity = int(options["verbosity"])
        relay = Relay(database, batch_size=batch_size, poll=poll)
        stop_on_signals(relay)
        if drain:
            self.drain(relay)
        else:
            relay.run()

    def drain(self, relay: Relay) -> None:
        """Drain the outbox once and report what is left. Raise CommandError if entries are still pending."""
        self.drain_with_progress(relay)
        entries = Entry.objects.using(relay.using)
        pending, settling, dead = entries.pending().count(), entries.settling().count(), entries.dead().count()
        pushed = relay.counts[Outcome.DONE]
        self.stdout.write(f"pushed {pushed}, pending {pending}, settling {settling}, dead {dead}")
        if pending:
            cause = entries.pending().exclude(last_error="").values_list("last_error", flat=True).first()
            raise CommandError(
                f"{pending} still pending{f' ({cause})' if cause else ''}. "
                "Run the command again when Elasticsearch answers."
            )

    def drain_with_progress(self, relay: Relay) -> None:
        bar, done = ProgressBar(self.stderr, "search_relay", verbosity=self.verbosity), 0
        transitions.connect(relay.using)  # before the first query, so that the drain uses the same connection
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


def stop_on_signals(relay: Relay) -> None:
    """Let the first SIGTERM or SIGINT finish the batch, and the second exit at once."""

    def stop(number: int, frame: object) -> None:
        # Before the message, since the second signal may arrive as soon as it is printed.
        for stop_signal in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop_signal, lambda *_: sys.exit(1))
        relay.stop()
        # os.write: a signal handler must not take the lock of a stream.
        os.write(2, b"Stopping after this batch. Send the signal again to stop at once.\n")

    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop_signal, stop)
