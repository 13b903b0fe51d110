"""The plots: the same from the same results, without a date, with their text as text."""

import re

import pytest

from tests.benchmarks.sample import GROWTH, create

pytestmark = pytest.mark.slow  # matplotlib takes its time to load


def texts(svg):
    return re.findall(r"<text[^>]*>([^<]+)</text>", svg)


def test_a_plot_is_the_same_each_time_and_has_no_date():
    from benchmarks.plots import svg

    drawn = svg(create(9.0))
    assert drawn == svg(create(9.0))
    assert "dc:date" not in drawn
    assert "#f8fafc" in drawn  # a card of its own, on dark pages too


def test_bars_name_each_contender_and_figure_with_its_median():
    from benchmarks.plots import svg

    assert {"no indexing", "this project, sync", "p50 (ms)", "per second", "3.10", "9", "300", "105"} <= {
        *texts(svg(create(9.0)))
    }


def test_growth_is_drawn_over_the_sizes():
    from benchmarks.plots import svg

    assert {"push (µs)", "search p50 (ms)", "10,000", "100,000", "orders"} <= {*texts(svg(GROWTH))}


def test_nothing_is_drawn_where_there_is_no_target():
    from benchmarks.plots import svg

    assert svg(create(9.0) | {"targets": []}) == ""
