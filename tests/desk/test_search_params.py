"""The parameters of a search page: read, changed, and compared while the user types."""

import pytest
from django.http import QueryDict

from desk.search_params import SearchParams


def params(query: str) -> SearchParams:
    return SearchParams.from_query(QueryDict(query))


@pytest.mark.parametrize(
    ("query", "clean"),
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
def test_empty_unknown_and_repeated_parameters_are_left_out(query: str, clean: str) -> None:
    assert str(params(query)) == clean
    assert str(params(clean.partition("?")[2])) == clean


def test_a_change_leads_to_the_first_page() -> None:
    search = params("q=lamp&status=paid&status=draft&cursor=x")
    assert str(search.replace(sort="total")) == "/?status=paid&status=draft&q=lamp&sort=total"
    assert str(search.replace(q="")) == "/?status=paid&status=draft"
    assert str(search.without("status", "draft")) == "/?status=paid&q=lamp"


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
def test_typing_continues_typing_a_text_and_from_nothing_else(before: str, now: str, is_typing: bool) -> None:
    assert params(now).continues_typing(f"http://desk.example/?{before}") is is_typing
