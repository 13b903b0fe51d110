"""What the arguments of commands may look like."""

import re
from argparse import ArgumentTypeError
from datetime import datetime, timedelta

from django.core.management.base import CommandParser
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone
from django.utils.dateparse import parse_datetime

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGE = re.compile(r"(\d{1,6})([smhdw])")


def add_database(parser: CommandParser) -> None:
    """--database, one of DATABASES."""
    parser.add_argument("--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="which of DATABASES")


def positive_int(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or not 1 <= int(text) <= 10**9:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def positive_number(text: str) -> float:
    """A number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 10**9:
        raise ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def age(text: str) -> timedelta:
    """A span of time: 30s, 15m, 12h, 7d, 2w."""
    found = AGE.fullmatch(text)
    if not found:
        raise ArgumentTypeError(f"{text!r} is not an age: give 30s, 15m, 12h, 7d or 2w")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def moment(text: str) -> datetime:
    """A moment: 2026-11-24T04:25 (in the project's time zone unless it names one), or an age: 12h is 12 hours ago."""
    try:
        if AGE.fullmatch(text):
            return timezone.now() - age(text)
        found = parse_datetime(text) or parse_datetime(f"{text}T00:00")
    except (ValueError, OverflowError):  # no such day; before the year 1
        found = None
    if not found:
        raise ArgumentTypeError(f"{text!r} is not a moment: give 2026-11-24, 2026-11-24T04:25 or an age such as 12h")
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def condition(text: str) -> str:
    """field=value."""
    if not re.fullmatch(r"\w+=.*", text):
        raise ArgumentTypeError(f"{text!r} is not field=value")
    return text
