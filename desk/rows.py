"""The rows of the table: orders as a search found them, or as the database has them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from django.utils.html import format_html
from django.utils.safestring import mark_safe

from order_search.serializers import HighlightedOrder
from orders.models import Order, OrderStatus

MOST_FRAGMENTS = 3
ELSEWHERE = ("lines.sku", "lines.description", "note")  # where a text may be found, besides the row's own columns


@dataclass(frozen=True)
class Row:
    """One order. Texts are HTML that is safe when they show where the text was found."""

    id: int
    number: str
    customer: str
    about: tuple[str, ...]  # what it was found by, or what was bought
    status: str
    created: datetime
    total: Decimal
    currency: str

    @property
    def status_label(self) -> str:
        """The status as people read it."""
        return status_label(self.status)

    @classmethod
    def found(cls, order: dict[str, Any]) -> Self:
        """From a search's answer."""
        shown = order.get("highlight", {})
        fragments = dict.fromkeys(_marked(text) for name in ELSEWHERE for text in shown.get(name, []))
        bought = [line["description"] or line["sku"] for line in order["lines"]]
        return cls(
            id=order["id"],
            number=_marked(*shown.get("order_number", ())) or order["order_number"],
            customer=_marked(*shown.get("customer_name", ())) or order["customer_name"],
            about=tuple(fragments)[:MOST_FRAGMENTS] or _summary(bought),
            status=order["status"],
            created=datetime.fromisoformat(order["created_at"]),
            total=Decimal(order["total_amount"]),
            currency=order["currency"],
        )

    @classmethod
    def kept(cls, order: Order) -> Self:
        """From the database."""
        return cls(
            id=order.pk,
            number=order.order_number,
            customer=order.customer_name,
            about=_summary([line.description or line.sku for line in order.lines.all()]),
            status=order.status,
            created=order.created_at,
            total=order.total_amount,
            currency=order.currency,
        )


def rows_found(results: list[dict[str, Any]]) -> list[Row]:
    """The rows of what a search found."""
    return [Row.found(order) for order in HighlightedOrder(results, many=True).data]


def rows_kept(orders: Iterable[Order]) -> list[Row]:
    """The rows of what the database has."""
    return [Row.kept(order) for order in orders]


def status_label(status: str) -> str:
    """A status as people read it."""
    return str(OrderStatus(status).label) if status in OrderStatus else status


def _marked(text: str = "") -> str:
    """The engine has escaped what is in the order; only its marks are HTML."""
    return mark_safe(text)  # noqa: S308


def _summary(bought: list[str]) -> tuple[str, ...]:
    """The first thing, and how many more."""
    if len(bought) > 1:
        return (format_html("{} <span>+{} more</span>", bought[0], len(bought) - 1),)
    return tuple(bought)
