"""The filters that can be chosen, those that are, and the month chart."""

from django.http import QueryDict

from desk import chart, facets
from desk.search_params import Address

FACETS = {
    "status": [{"value": "paid", "count": 3}],
    "currency": [{"value": "USD", "count": 2}, {"value": "EUR", "count": 1}],
    "amount": [
        {"from": 0, "to": 100, "count": 2},
        {"from": 100, "to": 500, "count": 1},
        {"from": 500, "to": None, "count": 0},
    ],
    "month": [
        {"value": "2024-02", "count": 1, "amounts": {"EUR": 5.5}},
        {"value": "2024-04", "count": 2, "amounts": {}},
    ],
}


def address(query: str = "") -> Address:
    return Address.of(QueryDict(query))


def test_every_status_stays_in_its_place() -> None:
    found = [(each.label, each.count, each.is_chosen) for each in facets.statuses(address("status=draft"), FACETS)]
    assert found[:3] == [("Draft", 0, True), ("Placed", 0, False), ("Paid", 3, False)]
    assert len(found) == 6
    assert {each.count for each in facets.statuses(address(), None)} == {None}


def test_a_chosen_currency_is_shown_also_where_no_order_has_it() -> None:
    found = facets.currencies(address("currency=CHF&currency=EUR"), FACETS)
    assert [(each.value, each.count, each.is_chosen) for each in found] == [
        ("USD", 2, False),
        ("EUR", 1, True),
        ("CHF", 0, True),
    ]


def test_a_range_of_amounts_is_chosen_and_left() -> None:
    least, middle, most = facets.amounts(address("q=a&total_min=100&total_max=499.99"), FACETS)
    assert (least.label, str(least.address), least.is_chosen) == ("Under 100", "/?q=a&total_max=99.99", False)
    assert (middle.label, str(middle.address), middle.is_chosen) == ("100 to 500", "/?q=a", True)
    assert (most.label, str(most.address), most.is_chosen) == ("500 and more", "/?q=a&total_min=500", False)


def test_a_month_is_its_first_and_last_day() -> None:
    april, february = facets.months(address(), FACETS)
    assert (february.label, str(february.address)) == (
        "February 2024",
        "/?created_after=2024-02-01&created_before=2024-02-29",
    )
    assert april.label == "April 2024"


def test_each_filter_in_use_can_be_taken_away() -> None:
    asked = address("q=a&status=paid&currency=EUR&customer=Jo&sku=X&total_min=5&created_before=2024-05-01&sort=total")
    found = {chip.label: str(chip.address) for chip in facets.chips(asked)}
    assert [*found] == ["Paid", "EUR", "Customer: Jo", "SKU: X", "Amount from 5", "Created to 2024-05-01"]
    assert "status" not in found["Paid"]
    assert "total_min" not in found["Amount from 5"]
    assert all("q=a" in each and "sort=total" in each for each in found.values())


def test_a_month_without_orders_has_its_place_in_the_chart() -> None:
    drawn = chart.orders(address(), FACETS["month"])
    assert drawn is not None
    assert [(bar.label, bar.height) for bar in drawn.bars] == [
        ("February 2024: 1 order", 50.0),
        ("March 2024: 0 orders", 0),
        ("April 2024: 2 orders", 100.0),
    ]
    assert (drawn.first, drawn.last, drawn.most, drawn.width) == ("Feb 2024", "Apr 2024", "2 orders", 30)


def test_the_chart_ends_with_the_latest_month_however_many_there_are() -> None:
    years = [{"value": f"{1990 + at // 12}-{at % 12 + 1:02}", "count": at + 1, "amounts": {}} for at in range(100)]
    drawn = chart.orders(address(), years)
    assert drawn is not None
    assert (len(drawn.bars), drawn.first, drawn.last) == (24, "May 1996", "Apr 1998")


def test_amounts_of_nothing() -> None:
    drawn = chart.amounts(address(), [{"value": "2024-02", "count": 1, "amounts": {"EUR": 0.0}}], "EUR")
    assert drawn is not None
    assert [bar.height for bar in drawn.bars] == [0]
    assert chart.amounts(address(), [], "EUR") is None


def test_amounts_of_other_currencies_are_not_added() -> None:
    months = [{"value": "2024-02", "count": 3, "amounts": {"USD": 900.0, "EUR": 50.4}}]
    drawn = chart.amounts(address(), [*months, {"value": "2024-03", "count": 1, "amounts": {"USD": 7.0}}], "EUR")
    assert drawn is not None
    assert [bar.label for bar in drawn.bars] == ["February 2024: 50 EUR", "March 2024: 0 EUR"]
    assert drawn.title == "EUR by month"
