"""`manage.py sample_orders N`: create N orders to try the service with. Run it again for more."""

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from tqdm import tqdm

from orders.sample_data import create_sample_orders

MAX_COUNT = 1_000_000


def count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_COUNT):
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to {MAX_COUNT}")
    return int(text)


def seed(text: str) -> int:
    """Parse the seed, which becomes part of the order numbers."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise ArgumentTypeError(f"{text!r} is not a number of up to nine digits")
    return int(text)


class Command(BaseCommand):
    """Create sample orders."""

    help = "Create sample orders over two years, with lines and with names in several scripts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("count", type=count, metavar="N", help="how many orders to create")
        parser.add_argument("--seed", type=seed, default=1, help="another seed creates other orders (default: 1)")

    def handle(self, *, count: int, seed: int, verbosity: int, **options: Any) -> None:
        # disable=None: no bar unless on a terminal.
        with tqdm(total=count, unit=" orders", disable=True if verbosity < 1 else None, leave=False) as bar:
            try:
                for created in create_sample_orders(count, seed):
                    bar.update(created - bar.n)
            except DatabaseError as error:
                raise CommandError(f"The database failed: {' '.join(str(error).split())}") from error
        if verbosity > 0:
            self.stdout.write(f"{count} sample orders created")
