"""How figures are figure_names, written, and compared with those of an earlier run."""

import pytest

from benchmarks.figures import figure_names, is_noisy, number, readable_name, spread


@pytest.mark.parametrize(
    ("figure", "name"),
    [
        ("p50_ms", "p50 (ms)"),
        ("lag_p50_s", "lag p50 (s)"),
        ("peak_mb", "peak (MB)"),
        ("wrk_cpu_percent", "wrk cpu (%)"),
        ("push_us", "push (µs)"),
        ("per_second", "per second"),
        ("seconds", "seconds"),
        ("probes", "probes"),
    ],
)
def test_a_figures_name_says_its_unit(figure, name):
    assert readable_name(figure) == name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.00012, "0.0001"),
        (0.0456, "0.0456"),
        (0.9996, "1.00"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
        (999.6, "1,000"),
        (12345.6, "12,346"),
        (1000000, "1,000,000"),
    ],
)
def test_a_number_has_three_digits_that_count(value, text):
    assert number(value) == text


def test_a_spread_is_the_median_the_least_and_the_most():
    assert spread([3.0, 1.5, 2.25]) == "2.25 (1.50 to 3)"
    assert spread([2.5]) == spread([2.5, 2.5]) == "2.50"


@pytest.mark.parametrize(
    ("now", "before", "noisy"),
    [
        ([114.0], [100.0], False),
        ([86.0], [100.0], False),
        ([116.0], [100.0], True),
        ([84.0], [100.0], True),
        ([100.0, 500.0, 110.0], [1.0, 100.0, 900.0], False),  # the medians count
        ([0.0], [0.0], False),
        ([1.0], [0.0], True),
    ],
)
def test_a_figure_is_noisy_when_its_medians_are_more_than_15_percent_apart(now, before, noisy):
    assert is_noisy(now, before) is noisy


def test_failed_requests_are_shown_only_where_there_are_any():
    def found(failed):
        return {"contenders": {"a": {"turns": [{"failed": 0, "p50_ms": 1}]}, "b": {"turns": [{"failed": failed}]}}}

    assert figure_names(found(0)) == ["p50_ms"]
    assert figure_names(found(2)) == ["failed", "p50_ms"]
