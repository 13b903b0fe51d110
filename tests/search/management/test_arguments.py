"""What the arguments of commands may look like, and what is said of others."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management.base import CommandParser
from django.utils import timezone

from search.management import arguments


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("007", 7), ("1000000000", 10**9)])
def test_positive_int(text, number):
    assert arguments.positive_int(text) == number


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1e3", "", " 1", "x", "²", "1000000001"])
def test_not_a_positive_int(text):
    with pytest.raises(ArgumentTypeError) as error:
        arguments.positive_int(text)
    assert str(error.value) == f"{text!r} is not a whole number of at least 1"


@pytest.mark.parametrize(("text", "number"), [("1", 1.0), ("0.25", 0.25), ("1e3", 1000.0)])
def test_positive_number(text, number):
    assert arguments.positive_number(text) == number


@pytest.mark.parametrize("text", ["0", "-0.1", "nan", "inf", "-inf", "1e9", "", "x"])
def test_not_a_positive_number(text):
    with pytest.raises(ArgumentTypeError) as error:
        arguments.positive_number(text)
    assert str(error.value) == f"{text!r} is not a number above 0"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0s", timedelta()),
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("999999w", timedelta(weeks=999_999)),
    ],
)
def test_age(text, span):
    assert arguments.age(text) == span


@pytest.mark.parametrize("text", ["", "7", "d", "7 d", "-7d", "7D", "1.5h", "1h30m", "1000000s", "7y"])
def test_not_an_age(text):
    with pytest.raises(ArgumentTypeError) as error:
        arguments.age(text)
    assert str(error.value) == f"{text!r} is not an age: use 30s, 15m, 12h, 7d or 2w"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-24T04:25", datetime(2026, 11, 24, 4, 25, tzinfo=UTC)),
        ("2026-11-24 04:25:30", datetime(2026, 11, 24, 4, 25, 30, tzinfo=UTC)),
        ("2026-11-24T04:25Z", datetime(2026, 11, 24, 4, 25, tzinfo=UTC)),
        ("2026-11-24T04:25+02:00", datetime(2026, 11, 24, 2, 25, tzinfo=UTC)),
    ],
)
def test_date_or_age(text, expected):
    assert arguments.date_or_age(text) == expected


def test_a_datetime_without_a_zone_is_in_the_projects(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    assert arguments.date_or_age("2026-11-24T04:25") == datetime(2026, 11, 24, 3, 25, tzinfo=UTC)


def test_an_age_is_a_datetime_that_long_ago():
    before = timezone.now()
    found = arguments.date_or_age("12h")
    assert before - timedelta(hours=12) <= found <= timezone.now() - timedelta(hours=12)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "24.11.2026", "2026-13-01", "2026-02-30", "2026-11-24T25:00", "999999w"]
)
def test_not_a_date_or_age(text):
    with pytest.raises(ArgumentTypeError) as error:
        arguments.date_or_age(text)
    expected = f"{text!r} is not a date, time or age: use 2026-11-24, 2026-11-24T04:25 or an age such as 12h"
    assert str(error.value) == expected


@pytest.mark.parametrize("text", ["name=Ann", "total_amount__gte=5", "name=", "name=a=b", "name= a b "])
def test_condition(text):
    assert arguments.condition(text) == text


@pytest.mark.parametrize("text", ["", "name", "=Ann", "na-me=Ann", "a b=c"])
def test_not_a_condition(text):
    with pytest.raises(ArgumentTypeError) as error:
        arguments.condition(text)
    assert str(error.value) == f"{text!r} is not field=value"


def test_the_database_is_the_default_one_unless_named():
    parser = CommandParser()
    arguments.add_database(parser)
    assert parser.parse_args([]).database == "default"
