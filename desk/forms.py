"""The form of an order with its lines.

OrderSerializer validates; the form carries text between page and serializer. A ModelForm with an inline formset would
validate a second time, with its own rules and texts, and would number the inputs of lines, which the buttons that add
and remove a line without JavaScript would have to renumber.
"""

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
    """The order has changed since the form was shown. Show both versions and let the user decide."""

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(self.__doc__)


@dataclass(frozen=True)
class BoundField:
    """One input: its name in the form, its id in the page, its text and its errors."""

    name: str
    id: str
    label: str
    value: str
    errors: list[str]


@dataclass(frozen=True)
class Difference:
    """A field that differs between the saved order and the form."""

    label: str
    theirs: str
    yours: str


@dataclass
class OrderForm:
    """The text of all inputs and, after save(), the errors."""

    values: Values
    lines: list[Values] = field(default_factory=list)
    version: str = ""  # of the order when the form was shown; empty for a new order
    errors: Errors = field(default_factory=dict)
    line_errors: list[Errors] = field(default_factory=list)

    @classmethod
    def for_new_order(cls) -> Self:
        return cls({"status": OrderStatus.PLACED.value, "currency": default_currency()}, [{}])

    @classmethod
    def from_order(cls, order: Order) -> Self:
        """Return the form of an order. With lines its total is empty, since it is calculated."""
        lines = [{name: str(getattr(line, name)) for name in LINE_LABELS} for line in order.lines.all()]
        values = {name: str(getattr(order, name)) for name in LABELS}
        return cls(values | ({"total_amount": ""} if lines else {}), lines, str(order.version))

    @classmethod
    def from_post(cls, data: QueryDict) -> Self:
        """Return the form as it was sent, after the button that adds or removes a line."""
        columns = [data.getlist(name) for name in LINE_LABELS]
        lines = [dict(zip(LINE_LABELS, values, strict=True)) for values in zip_longest(*columns, fillvalue="")]
        index = data.get("remove-line", "")
        if index.isdecimal() and int(index) < len(lines):
            del lines[int(index)]
        if "add-line" in data:
            lines.append({})
        return cls({name: data.get(name, "") for name in LABELS}, lines, data.get("version", ""))

    @property
    def fields(self) -> dict[str, BoundField]:
        return {
            name: BoundField(name, f"id-{name}", label, self.values.get(name, ""), self.errors.get(name, []))
            for name, label in LABELS.items()
        }

    @property
    def line_fields(self) -> list[list[BoundField]]:
        pairs: Any = zip_longest(self.lines, self.line_errors, fillvalue={})
        return [
            [
                BoundField(name, f"line-{index}-{name}", label, line.get(name, ""), errors.get(name, []))
                for name, label in LINE_LABELS.items()
            ]
            for index, (line, errors) in enumerate(pairs)
        ]

    @property
    def non_field_errors(self) -> list[str]:
        return [text for name, texts in self.errors.items() if name not in LABELS for text in texts]

    @property
    def has_errors(self) -> bool:
        return bool(self.errors or any(self.line_errors))

    @property
    def filled_lines(self) -> list[Values]:
        return [line for line in self.lines if any(value.strip() for value in line.values())]

    @property
    def lines_total(self) -> Decimal | None:
        """Return the total of the lines; None without lines, or while one has no valid quantity and price."""
        try:
            amounts = [Decimal(line["quantity"]) * Decimal(line["unit_price"]) for line in self.filled_lines]
        except (InvalidOperation, KeyError):
            return None
        total = sum(amounts, Decimal(0))
        return total if amounts and total.is_finite() and total < Decimal("1e15") else None

    @property
    def currencies(self) -> list[str]:
        return CURRENCIES

    @property
    def statuses(self) -> list[tuple[str, str]]:
        return [(status.value, str(status.label)) for status in OrderStatus]

    @property
    def serializer_data(self) -> dict[str, Any]:
        """Return all fields for the serializer, so that an emptied input empties its field."""
        data: dict[str, Any] = {**self.values, "lines": self.filled_lines}
        if not data["total_amount"].strip():
            del data["total_amount"]
        return data

    def save(self, pk: int | None = None) -> Order | None:
        """Create the order, or change the one with this id. Return None if a field is invalid: see the errors.

        Raise OrderChanged if it has another version than the form, Order.DoesNotExist if it has been deleted.
        """
        self.lines = self.filled_lines
        try:
            return _save(self, pk)
        except ValidationError as error:
            self._set_errors(error.detail)
            return None

    def _set_errors(self, detail: Any) -> None:
        """Copy the serializer's errors. Those of lines are keyed by line index."""
        lines = detail.get("lines", [])
        if isinstance(lines, dict):
            self.line_errors = [_texts(lines.get(index, {})) for index in range(len(self.lines))]
            lines = lines.get(api_settings.NON_FIELD_ERRORS_KEY, [])
        self.errors = _texts({**detail, "lines": lines})

    def differences(self, order: Order) -> list[Difference]:
        theirs = OrderForm.from_order(order)
        pairs = [(label, theirs.values.get(name, ""), self.values.get(name, "")) for name, label in LABELS.items()]
        pairs.append(("Lines", theirs.lines_text, self.lines_text))
        return [Difference(label, old, new) for label, old, new in pairs if old.strip() != new.strip()]

    @property
    def lines_text(self) -> str:
        template = "{quantity} x {sku} {description} at {unit_price}"
        return "\n".join(template.format(**dict.fromkeys(LINE_LABELS, "") | line) for line in self.filled_lines)


@retry_on_conflict
def _save(form: OrderForm, pk: int | None) -> Order:
    with transaction.atomic():
        order = None if pk is None else lock_unchanged(pk, form.version)
        serializer = OrderSerializer(order, data=form.serializer_data)
        serializer.is_valid(raise_exception=True)
        return serializer.save()


def lock_unchanged(pk: int, version: str) -> Order:
    """Return the order, locked, if it has this version. Raise OrderChanged or Order.DoesNotExist otherwise."""
    order = Order.objects.select_for_update().get(pk=pk)
    if str(order.version) != version:
        raise OrderChanged(order)
    return order


def _texts(errors: Any) -> Errors:
    return {name: [str(error) for error in field_errors] for name, field_errors in errors.items() if field_errors}
