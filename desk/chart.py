"""The month charts: a bar for each of the latest months, one chart of orders and one of their total amounts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from desk.facets import filter_of_facet, month_choice
from desk.search_params import SearchParams

MONTH = "month"  # the facet that is drawn
MAX_MONTHS = 24
STEP, BAR_WIDTH, HEIGHT = 10, 8, 100  # in units of the drawing, which is stretched to its place
MIN_HEIGHT = 1.5  # of a bar that is not empty, so that it can be seen
Buckets = list[dict[str, Any]]


@dataclass(frozen=True)
class Bar:
    """A month."""

    x: float
    y: float
    height: float
    label: str
    is_chosen: bool
    address: SearchParams | None


@dataclass(frozen=True)
class Chart:
    """The bars, and the texts around them."""

    title: str
    bars: list[Bar]
    first: str
    last: str
    most: str  # the value of the highest bar

    @property
    def width(self) -> int:
        return len(self.bars) * STEP


def order_chart(params: SearchParams, buckets: Buckets) -> Chart | None:
    """Return the chart of the number of orders, or None without a month."""
    return _chart("Orders by month", params, buckets, "count", _orders)


def amount_chart(params: SearchParams, buckets: Buckets, currency: str) -> Chart | None:
    """Return the chart of the total amounts in one currency, or None without a month."""
    amounts = [bucket | {"amount": bucket["amounts"].get(currency, 0)} for bucket in buckets]
    return _chart(f"{currency} by month", params, amounts, "amount", lambda amount: f"{amount:,.0f} {currency}")


def _chart(title: str, params: SearchParams, buckets: Buckets, key: str, to_text: Callable[[Any], str]) -> Chart | None:
    months = with_gaps(buckets)[-MAX_MONTHS:]
    if not months:
        return None
    most = max(bucket[key] for bucket in months)
    bars = [
        _bar(at, params, bucket, bucket[key] / (most or 1), to_text(bucket[key])) for at, bucket in enumerate(months)
    ]
    return Chart(title, bars, _short(months[0]), _short(months[-1]), to_text(most))


def _bar(at: int, params: SearchParams, bucket: dict[str, Any], share: float, value: str) -> Bar:
    height = max(HEIGHT * share, MIN_HEIGHT if share else 0)
    choice = month_choice(filter_of_facet(params.schema, MONTH), params, bucket)
    x = at * STEP + (STEP - BAR_WIDTH) / 2
    label = f"{choice.label}: {value}"
    return Bar(x, round(HEIGHT - height, 1), round(height, 1), label, choice.is_chosen, choice.address)


def with_gaps(buckets: Buckets) -> Buckets:
    """Return all months from the first to the last, with empty ones for those without orders."""
    months = {bucket["value"]: bucket for bucket in buckets}
    if not months:
        return []
    first, last = (12 * int(value[:4]) + int(value[5:]) - 1 for value in (min(months), max(months)))
    first = max(first, last - MAX_MONTHS + 1)
    names = [f"{at // 12:04}-{at % 12 + 1:02}" for at in range(first, last + 1)]
    return [months.get(name, {"value": name, "count": 0, "amount": 0}) for name in names]


def _orders(count: int) -> str:
    return f"{count:,} order{'' if count == 1 else 's'}"


def _short(bucket: dict[str, Any]) -> str:
    return f"{date.fromisoformat(bucket['value'] + '-01'):%b %Y}"
