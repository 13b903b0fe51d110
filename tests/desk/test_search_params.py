"""The address of a search: shared, changed, gone on with."""

import pytest
from django.http import QueryDict

from desk.search_params import Address


def address(query: str) -> Address:
    return Address.of(QueryDict(query))


@pytest.mark.parametrize(
    ("query", "tidy"),
    [
        ("", "/"),
        ("q=", "/"),
        ("q=%20lamp%20&total_min=&status=", "/?q=lamp"),
        ("status=paid&status=draft&status=paid", "/?status=paid&status=draft"),
        ("status=paid,draft", "/?status=paid&status=draft"),
        ("q=a&q=b", "/?q=b"),
        ("utm_source=x&q=a&page=3&page_size=200", "/?q=a"),
        ("q=%26+%3D%23&customer=Jos%C3%A9", "/?q=%26%20%3D%23&customer=Jos%C3%A9"),
    ],
)
def test_what_is_empty_unknown_or_said_twice_is_left_out(query: str, tidy: str) -> None:
    assert str(address(query)) == tidy
    assert str(address(tidy.partition("?")[2])) == tidy


def test_a_change_begins_at_the_start() -> None:
    asked = address("q=lamp&status=paid&status=draft&cursor=x")
    assert str(asked.changed(sort="total")) == "/?status=paid&status=draft&q=lamp&sort=total"
    assert str(asked.changed(q="")) == "/?status=paid&status=draft"
    assert str(asked.without("status", "draft")) == "/?status=paid&q=lamp"


@pytest.mark.parametrize(
    ("before", "now", "is_typing"),
    [
        ("q=la", "q=lamp", True),
        ("q=lamp", "q=la", True),
        ("q=la&status=paid", "q=lamp&status=paid", True),
        ("", "q=l", False),
        ("q=lamp", "", False),
        ("q=lamp", "q=chair", False),
        ("q=lamp", "q=lamp&status=paid", False),
        ("q=la&status=paid", "q=lamp", False),
    ],
)
def test_typing_goes_on_from_a_text_and_from_nothing_else(before: str, now: str, is_typing: bool) -> None:
    assert address(now).goes_on_from(f"http://desk.example/?{before}") is is_typing
