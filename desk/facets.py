"""The filters that can be chosen, each with how many orders it would leave; and those that are."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Any

from desk.rows import status_label
from desk.search_params import Address
from orders.models import OrderStatus

Facets = dict[str, list[dict[str, Any]]]
MOST_MONTHS = 12


@dataclass(frozen=True)
class Choice:
    """A value of a filter."""

    value: str
    label: str
    count: int | None  # None: the engine did not say
    is_chosen: bool
    address: Address | None = None  # where choosing it leads; a second time: where leaving it does


@dataclass(frozen=True)
class Chip:
    """A filter in use, and the address without it."""

    label: str
    address: Address


def statuses(asked: Address, facets: Facets | None) -> list[Choice]:
    """All of them, in their own order: a list that stays in place."""
    counts = _counts(facets, "status")
    chosen = asked.values("status")
    return [
        Choice(status, status_label(status), counts.get(status, 0) if facets else None, status in chosen)
        for status in OrderStatus.values
    ]


def currencies(asked: Address, facets: Facets | None) -> list[Choice]:
    """Those that there are, the most frequent first, and those that are chosen."""
    counts = _counts(facets, "currency")
    chosen = asked.values("currency")
    names = [*counts, *(code for code in chosen if code not in counts)]
    return [Choice(code, code, counts.get(code, 0) if facets else None, code in chosen) for code in names if code]


def amounts(asked: Address, facets: Facets | None) -> list[Choice]:
    """Ranges of amounts."""
    return [_amount(asked, each) for each in (facets or {}).get("amount", [])]


def _amount(asked: Address, bucket: dict[str, Any]) -> Choice:
    least, end = bucket["from"], bucket["to"]
    bounds = {"total_min": str(least) if least else "", "total_max": f"{end - 1}.99" if end else ""}
    label = f"{least:,} and more" if end is None else f"{least:,} to {end:,}" if least else f"Under {end:,}"
    return _range(asked, f"{least}-{end or ''}", label, bucket["count"], bounds)


def months(asked: Address, facets: Facets | None) -> list[Choice]:
    """The latest months that have orders, the latest first."""
    return [month(asked, each) for each in reversed((facets or {}).get("month", [])[-MOST_MONTHS:])]


def month(asked: Address, bucket: dict[str, Any]) -> Choice:
    """One month, such as 2026-11."""
    first = date.fromisoformat(f"{bucket['value']}-01")
    last = first.replace(day=monthrange(first.year, first.month)[1])
    bounds = {"created_after": first.isoformat(), "created_before": last.isoformat()}
    return _range(asked, bucket["value"], f"{first:%B %Y}", bucket["count"], bounds)


def _range(asked: Address, value: str, label: str, count: int, bounds: dict[str, str]) -> Choice:
    """A choice that is made by two bounds."""
    is_chosen = all(asked.get(name) == bound for name, bound in bounds.items())
    new: dict[str, str] = dict.fromkeys(bounds, "") if is_chosen else bounds
    return Choice(value, label, count, is_chosen, asked.changed(**new))


def chips(asked: Address) -> list[Chip]:
    """The filters in use."""
    found = [Chip(status_label(value), asked.without("status", value)) for value in asked.values("status")]
    found += [Chip(value, asked.without("currency", value)) for value in asked.values("currency")]
    for name, label in (("customer", "Customer"), ("sku", "SKU")):
        if asked.get(name):
            found.append(Chip(f"{label}: {asked.get(name)}", asked.changed(**{name: ""})))
    spans = (("Amount", "total_min", "total_max"), ("Created", "created_after", "created_before"))
    return found + [chip for span in spans if (chip := _span(asked, *span))]


def _span(asked: Address, label: str, least: str, most: str) -> Chip | None:
    """A range in use."""
    first, last = asked.get(least), asked.get(most)
    if not (first or last):
        return None
    words = f"{first} to {last}" if first and last else f"from {first}" if first else f"to {last}"
    return Chip(f"{label} {words}", asked.changed(**{least: "", most: ""}))


def _counts(facets: Facets | None, name: str) -> dict[str, int]:
    return {bucket["value"]: bucket["count"] for bucket in (facets or {}).get(name, [])}
