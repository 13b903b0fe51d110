"""Types of command-line arguments. Each raises ArgumentTypeError with the text that the user sees."""

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
    parser.add_argument(
        "--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="one of DATABASES; the default one"
    )


def positive_int(text: str) -> int:
    """Parse a whole number from 1 to 10**9."""
    if not text.isdecimal() or not 1 <= int(text) <= 10**9:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def positive_number(text: str) -> float:
    """Parse a number above 0 and below 10**9."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 10**9:
        raise ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def age(text: str) -> timedelta:
    """Parse an age: 30s, 15m, 12h, 7d, 2w."""
    match = AGE.fullmatch(text)
    if not match:
        raise ArgumentTypeError(f"{text!r} is not an age: use 30s, 15m, 12h, 7d or 2w")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def date_or_age(text: str) -> datetime:
    """Parse a date or time (in the project's time zone, unless it names one), or an age: 12h is 12 hours ago."""
    try:
        if AGE.fullmatch(text):
            return timezone.now() - age(text)
        parsed = parse_datetime(text) or parse_datetime(f"{text}T00:00")
    except (ValueError, OverflowError):  # February 30; before the year 1
        parsed = None
    if not parsed:
        raise ArgumentTypeError(
            f"{text!r} is not a date, time or age: use 2026-11-24, 2026-11-24T04:25 or an age such as 12h"
        )
    return parsed if timezone.is_aware(parsed) else timezone.make_aware(parsed)


def condition(text: str) -> str:
    if not re.fullmatch(r"\w+=.*", text):
        raise ArgumentTypeError(f"{text!r} is not field=value")
    return text
