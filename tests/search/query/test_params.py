"""Moments as parameters are converted to UTC, as the engine does not accept every offset."""

from datetime import UTC, datetime

import pytest
from rest_framework.exceptions import ValidationError

from search.query.params import DateOrDateTimeField


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T16:30:00+18:22", datetime(2026, 11, 23, 22, 8, tzinfo=UTC)),  # Elasticsearch takes up to 18 hours
        ("2026-11-24T16:30:00-23:59", datetime(2026, 11, 25, 16, 29, tzinfo=UTC)),
        ("2026-11-24T16:30:00Z", datetime(2026, 11, 24, 16, 30, tzinfo=UTC)),
        ("2026-11-24T16:30:00", datetime(2026, 11, 24, 16, 30, tzinfo=UTC)),
    ],
)
def test_a_datetime_is_in_utc(text, expected):
    moment = DateOrDateTimeField().to_internal_value(text)
    assert (moment, moment.tzinfo) == (expected, UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:00-01:00", "x", ""])
def test_a_datetime_that_does_not_exist(text):
    with pytest.raises(ValidationError, match="Enter a date such as"):
        DateOrDateTimeField().to_internal_value(text)
