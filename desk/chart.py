"""The month chart: a bar for each of the latest months, once by orders and once by what they come to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from desk.facets import month
from desk.search_params import Address

MOST_MONTHS = 24
STEP, BAR, HEIGHT = 10, 8, 100  # in units of the drawing, which is stretched to its place


@dataclass(frozen=True)
class Bar:
    """A month."""

    x: float
    y: float
    height: float
    label: str
    is_chosen: bool
    address: Address | None


@dataclass(frozen=True)
class Chart:
    """The bars, and what stands beside them."""

    title: str
    bars: list[Bar]
    first: str
    last: str
    most: str  # the value of the highest bar

    @property
    def width(self) -> int:
        """Of the drawing."""
        return len(self.bars) * STEP


def orders(asked: Address, buckets: list[dict[str, Any]]) -> Chart | None:
    """How many orders each month has."""
    return _chart("Orders by month", asked, buckets, "count", _count)


def amounts(asked: Address, buckets: list[dict[str, Any]], currency: str) -> Chart | None:
    """What the orders of one currency come to: amounts of several cannot be added."""
    alone = [bucket | {"amount": bucket["amounts"].get(currency, 0)} for bucket in buckets]
    return _chart(f"{currency} by month", asked, alone, "amount", lambda amount: f"{amount:,.0f} {currency}")


def _chart(
    title: str, asked: Address, buckets: list[dict[str, Any]], key: str, said: Callable[[Any], str]
) -> Chart | None:
    """None without a month."""
    filled = with_gaps(buckets)[-MOST_MONTHS:]
    if not filled:
        return None
    most = max(bucket[key] for bucket in filled)
    bars = [_bar(at, asked, bucket, bucket[key] / (most or 1), said(bucket[key])) for at, bucket in enumerate(filled)]
    return Chart(title, bars, _short(filled[0]), _short(filled[-1]), said(most))


def _bar(at: int, asked: Address, bucket: dict[str, Any], share: float, value: str) -> Bar:
    height = max(HEIGHT * share, 1.5 if share else 0)  # a few orders can still be seen
    choice = month(asked, bucket)
    x = at * STEP + (STEP - BAR) / 2
    label = f"{choice.label}: {value}"
    return Bar(x, round(HEIGHT - height, 1), round(height, 1), label, choice.is_chosen, choice.address)


def with_gaps(buckets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The months from the first to the last, also those that have nothing."""
    known = {bucket["value"]: bucket for bucket in buckets}
    if not known:
        return []
    first, last = (12 * int(value[:4]) + int(value[5:]) - 1 for value in (min(known), max(known)))
    first = max(first, last - MOST_MONTHS + 1)
    names = [f"{at // 12:04}-{at % 12 + 1:02}" for at in range(first, last + 1)]
    return [known.get(name, {"value": name, "count": 0, "amount": 0}) for name in names]


def _count(count: int) -> str:
    return f"{count:,} order{'' if count == 1 else 's'}"


def _short(bucket: dict[str, Any]) -> str:
    return f"{date.fromisoformat(bucket['value'] + '-01'):%b %Y}"
