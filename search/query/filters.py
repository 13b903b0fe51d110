"""The filters of a search, by the facet that each belongs to."""

from collections.abc import Iterable
from typing import Any

from .queries import Query, in_a_line
from .request import Wanted


def facet_filters(wanted: Wanted) -> dict[str, Query]:
    """What a facet shows the other choices of."""
    amounts = _range("total_amount", gte=wanted.total_min, lte=wanted.total_max)
    moments = _range("created_at", gte=wanted.created_from, lt=wanted.created_until)
    filters = {"amount": amounts, "month": moments}
    filters |= {"status": _any_of("status", wanted.status), "currency": _any_of("currency", wanted.currency)}
    return {facet: query for facet, query in filters.items() if query}


def other_filters(wanted: Wanted) -> list[Query]:
    """The customer and the sku, each as a whole; case does not matter, nor do a name's accents."""
    customer: list[Query] = [{"term": {"customer_name.keyword": {"value": wanted.customer}}}] if wanted.customer else []
    sku = [in_a_line({"term": {"lines.sku": {"value": wanted.sku}}})] if wanted.sku else []
    return [*customer, *sku]


def _any_of(field: str, values: Iterable[str]) -> Query | None:
    return {"terms": {field: [*values]}} if values else None


def _range(field: str, **bounds: Any) -> Query | None:
    given = {name: _bound(bound) for name, bound in bounds.items() if bound is not None}
    return {"range": {field: given}} if given else None


def _bound(bound: Any) -> Any:
    """A moment as text; an amount as the double that the index has."""
    return bound.isoformat() if hasattr(bound, "isoformat") else float(bound)
