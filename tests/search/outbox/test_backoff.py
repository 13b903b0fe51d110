"""The backoff as a table: no clock, no luck."""

import pytest

from search.outbox.backoff import retry_delay


@pytest.mark.parametrize(
    ("attempts", "ceiling"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 5.0), (6, 5.0), (1_000_000, 5.0)]
)
def test_the_ceiling_doubles_up_to_the_cap(attempts, ceiling, settings):
    settings.SEARCH_RETRY_BASE, settings.SEARCH_RETRY_CAP = 0.5, 5.0
    assert retry_delay(attempts, draw=lambda low, high: high).total_seconds() == ceiling


def test_the_jitter_is_full():
    assert retry_delay(3, draw=lambda low, high: low).total_seconds() == 0.0
