"""The filters of the page, those in use, and the month charts."""

from django.http import QueryDict

from desk import chart, facets
from desk.facets import FilterChoice
from desk.search_params import SearchParams
from order_search.fields import ORDERS

FACETS: facets.Facets = {
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


def params(query: str = "") -> SearchParams:
    return SearchParams.from_query(QueryDict(query))


def choices(name: str, search: SearchParams, buckets: facets.Facets | None = FACETS) -> list[FilterChoice]:
    """Return the choices of one filter."""
    groups = {group.name: group for group in facets.filter_groups(search, buckets, {})}
    return groups[name].choices


def test_the_filters_in_their_order() -> None:
    groups = facets.filter_groups(params("total_min=x&created_after=2024-02-01"), FACETS, {"total_min": ["Wrong."]})
    assert [(group.name, group.label, group.param) for group in groups] == [
        ("status", "Status", "status"),
        ("currency", "Currency", "currency"),
        ("amount", "Amount", ""),
        ("month", "Created", ""),
    ]
    inputs = [(each.name, each.label, each.value, each.is_invalid) for group in groups for each in group.inputs]
    assert inputs == [
        ("total_min", "At least", "x", True),
        ("total_max", "At most", "", False),
        ("created_after", "From", "2024-02-01", False),
        ("created_before", "To", "", False),
    ]


def test_filters_without_an_input_are_kept() -> None:
    assert facets.hidden_values(params("sku=X&q=a")) == [("sku", "X")]


def test_sorts_begin_with_the_direction_that_people_expect() -> None:
    assert facets.sort_options(ORDERS) == [
        ("", "Best match, or newest"),
        ("-created", "Newest first"),
        ("created", "Oldest first"),
        ("-total", "Largest total first"),
        ("total", "Smallest total first"),
        ("customer", "Customer, A to Z"),
        ("-customer", "Customer, Z to A"),
        ("number", "Order number"),
        ("-number", "Order number, last first"),
        ("-relevance", "Best match last"),
    ]


def test_every_status_stays_in_its_place() -> None:
    statuses = [
        (choice.label, choice.count, choice.is_chosen) for choice in choices("status", params("status=draft"), FACETS)
    ]
    assert statuses[:3] == [("Draft", 0, True), ("Placed", 0, False), ("Paid", 3, False)]
    assert len(statuses) == 6
    assert {choice.count for choice in choices("status", params(), None)} == {None}


def test_a_chosen_currency_is_shown_even_if_no_order_has_it() -> None:
    currencies = choices("currency", params("currency=CHF&currency=EUR"))
    assert [(choice.value, choice.count, choice.is_chosen) for choice in currencies] == [
        ("USD", 2, False),
        ("EUR", 1, True),
        ("CHF", 0, True),
    ]


def test_a_range_of_amounts_is_chosen_and_removed() -> None:
    least, middle, most = choices("amount", params("q=a&total_min=100&total_max=499.99"))
    assert (least.label, str(least.address), least.is_chosen) == ("Under 100", "/?q=a&total_max=99.99", False)
    assert (middle.label, str(middle.address), middle.is_chosen) == ("100 to 500", "/?q=a", True)
    assert (most.label, str(most.address), most.is_chosen) == ("500 and more", "/?q=a&total_min=500", False)


def test_a_month_is_its_first_and_last_day() -> None:
    april, february = choices("month", params())
    assert (february.label, str(february.address)) == (
        "February 2024",
        "/?created_after=2024-02-01&created_before=2024-02-29",
    )
    assert april.label == "April 2024"


def test_each_filter_in_use_can_be_removed() -> None:
    search = params("q=a&status=paid&currency=EUR&customer=Jo&sku=X&total_min=5&created_before=2024-05-01&sort=total")
    addresses = {chip.label: str(chip.address) for chip in facets.chips(search)}
    assert [*addresses] == ["Paid", "EUR", "Customer: Jo", "SKU: X", "Amount from 5", "Created to 2024-05-01"]
    assert "status" not in addresses["Paid"]
    assert "total_min" not in addresses["Amount from 5"]
    assert all("q=a" in address and "sort=total" in address for address in addresses.values())


def test_a_month_without_orders_has_its_place_in_the_chart() -> None:
    drawn = chart.order_chart(params(), FACETS["month"])
    assert drawn is not None
    assert [(bar.label, bar.height) for bar in drawn.bars] == [
        ("February 2024: 1 order", 50.0),
        ("March 2024: 0 orders", 0),
        ("April 2024: 2 orders", 100.0),
    ]
    assert (drawn.first, drawn.last, drawn.most, drawn.width) == ("Feb 2024", "Apr 2024", "2 orders", 30)


def test_the_chart_ends_with_the_latest_month_however_many_there_are() -> None:
    years = [{"value": f"{1990 + at // 12}-{at % 12 + 1:02}", "count": at + 1, "amounts": {}} for at in range(100)]
    drawn = chart.order_chart(params(), years)
    assert drawn is not None
    assert (len(drawn.bars), drawn.first, drawn.last) == (24, "May 1996", "Apr 1998")


def test_amounts_of_nothing() -> None:
    drawn = chart.amount_chart(params(), [{"value": "2024-02", "count": 1, "amounts": {"EUR": 0.0}}], "EUR")
    assert drawn is not None
    assert [bar.height for bar in drawn.bars] == [0]
    assert chart.amount_chart(params(), [], "EUR") is None


def test_amounts_of_other_currencies_are_not_added() -> None:
    months = [{"value": "2024-02", "count": 3, "amounts": {"USD": 900.0, "EUR": 50.4}}]
    drawn = chart.amount_chart(params(), [*months, {"value": "2024-03", "count": 1, "amounts": {"USD": 7.0}}], "EUR")
    assert drawn is not None
    assert [bar.label for bar in drawn.bars] == ["February 2024: 50 EUR", "March 2024: 0 EUR"]
    assert drawn.title == "EUR by month"
