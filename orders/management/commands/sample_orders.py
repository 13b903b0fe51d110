"""`manage.py sample_orders N`: so many orders to try the service out with. Run it again for more."""

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from tqdm import tqdm

from orders.sample_data import sample

MOST = 1_000_000


def count(text: str) -> int:
    """How many."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST):
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST}")
    return int(text)


def seed(text: str) -> int:
    """Which ones: it is a part of the orders' numbers."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise ArgumentTypeError(f"{text!r} is not a number of up to nine digits")
    return int(text)


class Command(BaseCommand):
    """Parse, make, report."""

    help = "Make sample orders with names in several scripts, lines, and moments over two years."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("count", type=count, metavar="N", help="how many")
        parser.add_argument("--seed", type=seed, default=1, help="another seed makes other orders (1)")

    def handle(self, *, count: int, seed: int, verbosity: int, **options: Any) -> None:
        # None: on a terminal only.
        with tqdm(total=count, unit=" orders", disable=True if verbosity < 1 else None, leave=False) as bar:
            try:
                for done in sample(count, seed):
                    bar.update(done - bar.n)
            except DatabaseError as error:
                raise CommandError(f"The database failed: {' '.join(str(error).split())}") from error
        if verbosity > 0:
            self.stdout.write(f"{count} sample orders made")
