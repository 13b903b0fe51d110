"""The form of an order with its lines. What is allowed is OrderSerializer's to say; this only carries it."""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any, Self

from django.db import transaction
from django.http import QueryDict
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings

from orders.models import Order, OrderStatus, default_currency
from orders.retry import retry_on_conflict
from orders.serializers import CURRENCIES, OrderSerializer

LABELS = {
    "order_number": "Order number",
    "customer_name": "Customer",
    "status": "Status",
    "currency": "Currency",
    "total_amount": "Total",
    "note": "Note",
}
LINE_LABELS = {"sku": "SKU", "description": "Description", "quantity": "Quantity", "unit_price": "Unit price"}
Values = dict[str, str]
Errors = dict[str, list[str]]


class OrderChanged(Exception):
    """Somebody else has changed the order since the form was shown. Show both and let the user decide."""

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(self.__doc__)


@dataclass(frozen=True)
class Field:
    """One input: its name in the form, its place in the page, and what is wrong with it."""

    name: str
    id: str
    label: str
    value: str
    errors: list[str]


@dataclass(frozen=True)
class Difference:
    """A field that somebody else has changed."""

    label: str
    theirs: str
    yours: str


@dataclass
class OrderForm:
    """What stands in the form."""

    values: Values
    lines: list[Values] = field(default_factory=list)
    version: str = ""  # of the order that was shown; none: a new one
    errors: Errors = field(default_factory=dict)
    line_errors: list[Errors] = field(default_factory=list)

    @classmethod
    def blank(cls) -> Self:
        """For a new order."""
        return cls({"status": OrderStatus.PLACED.value, "currency": default_currency()}, [{}])

    @classmethod
    def of(cls, order: Order) -> Self:
        """With what an order is. Its total is left out where lines tell it."""
        lines = [{name: str(getattr(line, name)) for name in LINE_LABELS} for line in order.lines.all()]
        values = {name: str(getattr(order, name)) for name in LABELS}
        return cls(values | ({"total_amount": ""} if lines else {}), lines, str(order.version))

    @classmethod
    def posted(cls, posted: QueryDict) -> Self:
        """As somebody has filled it in. A button may have added a line, or removed one."""
        columns = [posted.getlist(name) for name in LINE_LABELS]
        lines = [dict(zip(LINE_LABELS, row, strict=True)) for row in zip_longest(*columns, fillvalue="")]
        removed = posted.get("remove-line", "")
        if removed.isdecimal() and int(removed) < len(lines):
            del lines[int(removed)]
        if "add-line" in posted:
            lines.append({})
        return cls({name: posted.get(name, "") for name in LABELS}, lines, posted.get("version", ""))

    @property
    def fields(self) -> dict[str, Field]:
        """The order's own inputs."""
        return {
            name: Field(name, f"id-{name}", label, self.values.get(name, ""), self.errors.get(name, []))
            for name, label in LABELS.items()
        }

    @property
    def rows(self) -> list[list[Field]]:
        """The lines' inputs."""
        rows: Any = zip_longest(self.lines, self.line_errors, fillvalue={})
        return [self._row(at, line, errors) for at, (line, errors) in enumerate(rows)]

    def _row(self, at: int, line: Values, errors: Errors) -> list[Field]:
        return [
            Field(name, f"line-{at}-{name}", label, line.get(name, ""), errors.get(name, []))
            for name, label in LINE_LABELS.items()
        ]

    @property
    def other_errors(self) -> list[str]:
        """What is wrong with the whole."""
        return [text for name, found in self.errors.items() if name not in LABELS for text in found]

    @property
    def has_errors(self) -> bool:
        """Whether something is wrong."""
        return bool(self.errors or any(self.line_errors))

    @property
    def written_lines(self) -> list[Values]:
        """The lines in which something stands."""
        return [line for line in self.lines if any(value.strip() for value in line.values())]

    @property
    def total(self) -> Decimal | None:
        """What the lines come to; None while that cannot be said."""
        try:
            amounts = [Decimal(line["quantity"]) * Decimal(line["unit_price"]) for line in self.written_lines]
        except (InvalidOperation, KeyError):
            return None
        total = sum(amounts, Decimal(0))
        return total if amounts and total.is_finite() and total < Decimal("1e15") else None

    @property
    def currencies(self) -> list[str]:
        """All that may be chosen."""
        return CURRENCIES

    @property
    def statuses(self) -> list[tuple[str, str]]:
        """All that may be chosen, with their labels."""
        return [(status.value, str(status.label)) for status in OrderStatus]

    def data(self) -> dict[str, Any]:
        """As the serializer takes it: all of the order, so that what was emptied is empty."""
        values: dict[str, Any] = {**self.values, "lines": self.written_lines}
        if not values["total_amount"].strip():
            del values["total_amount"]
        return values

    def save(self, pk: int | None = None) -> Order | None:
        """Write it. None when something is wrong, which the form tells then. OrderChanged, Order.DoesNotExist."""
        self.lines = self.written_lines
        try:
            return _write(self, pk)
        except ValidationError as error:
            self._note(error.detail)
            return None

    def _note(self, detail: Any) -> None:
        """Take errors over: those of a line, which have its place for a name, stand with it."""
        lines = detail.get("lines", [])
        if isinstance(lines, dict):
            self.line_errors = [_texts(lines.get(at, {})) for at in range(len(self.lines))]
            lines = lines.get(api_settings.NON_FIELD_ERRORS_KEY, [])
        self.errors = _texts({**detail, "lines": lines})

    def differences(self, order: Order) -> list[Difference]:
        """What would be changed if this were saved over the order as it is now."""
        theirs = OrderForm.of(order)
        pairs = [(label, theirs.values.get(name, ""), self.values.get(name, "")) for name, label in LABELS.items()]
        pairs.append(("Lines", theirs.lines_text, self.lines_text))
        return [Difference(label, old, new) for label, old, new in pairs if old.strip() != new.strip()]

    @property
    def lines_text(self) -> str:
        """The lines in words, to be compared."""
        words = "{quantity} x {sku} {description} at {unit_price}"
        return "\n".join(words.format(**dict.fromkeys(LINE_LABELS, "") | line) for line in self.written_lines)


@retry_on_conflict
def _write(form: OrderForm, pk: int | None) -> Order:
    """In one transaction: compare the version, check, save."""
    with transaction.atomic():
        order = None if pk is None else unchanged(pk, form.version)
        serializer = OrderSerializer(order, data=form.data())
        serializer.is_valid(raise_exception=True)
        return serializer.save()


def unchanged(pk: int, version: str) -> Order:
    """The order, locked, if it still has this version. OrderChanged, Order.DoesNotExist."""
    order = Order.objects.select_for_update().get(pk=pk)
    if str(order.version) != version:
        raise OrderChanged(order)
    return order


def _texts(errors: Any) -> Errors:
    return {name: [str(text) for text in found] for name, found in errors.items() if found}
