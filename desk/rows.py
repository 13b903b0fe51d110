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

MAX_FRAGMENTS = 3
OWN_COLUMNS = ("order_number", "customer_name")  # a match in any other field is shown below the customer


@dataclass(frozen=True)
class Row:
    """One order. Texts with highlights are safe HTML."""

    id: int
    number: str
    customer: str
    about: tuple[str, ...]  # the matches in other fields, or what was ordered
    status: str
    created: datetime
    total: Decimal
    currency: str

    @property
    def status_label(self) -> str:
        return status_label(self.status)

    @classmethod
    def from_hit(cls, order: dict[str, Any]) -> Self:
        highlight = order.get("highlight", {})
        texts = [text for name in sorted(highlight, key=_is_own_field) for text in highlight[name]
                 if name not in OWN_COLUMNS]  # fmt: skip
        fragments = dict.fromkeys(_safe(text) for text in texts)
        items = [line["description"] or line["sku"] for line in order["lines"]]
        return cls(
            id=order["id"],
            number=_safe(*highlight.get("order_number", ())) or order["order_number"],
            customer=_safe(*highlight.get("customer_name", ())) or order["customer_name"],
            about=tuple(fragments)[:MAX_FRAGMENTS] or _summary(items),
            status=order["status"],
            created=datetime.fromisoformat(order["created_at"]),
            total=Decimal(order["total_amount"]),
            currency=order["currency"],
        )

    @classmethod
    def from_order(cls, order: Order) -> Self:
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


def rows_from_hits(results: list[dict[str, Any]]) -> list[Row]:
    return [Row.from_hit(order) for order in HighlightedOrder(results, many=True).data]


def rows_from_orders(orders: Iterable[Order]) -> list[Row]:
    return [Row.from_order(order) for order in orders]


def status_label(status: str) -> str:
    return str(OrderStatus(status).label) if status in OrderStatus else status


def _is_own_field(name: str) -> bool:
    """Whether a field is the order's own: matches in lines come first."""
    return "." not in name


def _safe(text: str = "") -> str:
    """Mark a highlight as safe: the engine has escaped the order's text, and added only the marks."""
    return mark_safe(text)  # noqa: S308


def _summary(items: list[str]) -> tuple[str, ...]:
    if len(items) > 1:
        return (format_html("{} <span>+{} more</span>", items[0], len(items) - 1),)
    return tuple(items)
