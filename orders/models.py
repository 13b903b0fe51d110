"""The order and its lines, all that this service keeps."""

from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, TextChoices
from django.db.models.functions import Now


class OrderStatus(TextChoices):
    """How far an order has come."""

    DRAFT = "draft"  # being written; nobody works on it yet
    PLACED = "placed"  # given by the customer
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


def default_currency() -> str:
    """The currency of an order that names none: the setting ORDER_CURRENCY."""
    return str(settings.ORDER_CURRENCY)


class Order(models.Model):
    """An order. Its defaults are the database's too, so that other programs may insert rows."""

    order_number = models.CharField(max_length=50, unique=True)
    customer_name = models.CharField(max_length=200)
    # What the lines come to, where there are any; a client may also send it alone.
    total_amount = models.DecimalField(max_digits=12, decimal_places=2, validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3, default=default_currency, db_default="EUR")  # ISO 4217
    status = models.CharField(
        max_length=9, choices=OrderStatus.choices, default=OrderStatus.PLACED, db_default=OrderStatus.PLACED
    )
    note = models.TextField(max_length=2000, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())
    # Set by the database at every write, whoever writes: an instance that was saved must read it anew.
    version = models.BigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(total_amount__gte=0), name="orders_order_total_amount_not_negative"),
        ]

    def __str__(self) -> str:
        return self.order_number


class OrderLine(models.Model):
    """So many of one thing at one price."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()  # 1, 2, 3 in the order that the client gave them
    sku = models.CharField(max_length=64)
    description = models.CharField(max_length=200, blank=True, default="", db_default="")
    quantity = models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(1_000_000)])
    unit_price = models.DecimalField(max_digits=12, decimal_places=2, validators=[MinValueValidator(0)])

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="orders_orderline_position"),
            models.CheckConstraint(condition=Q(quantity__gte=1, unit_price__gte=0), name="orders_orderline_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"

    @property
    def amount(self) -> Decimal:
        """What this line costs."""
        return self.quantity * self.unit_price


def total_of(lines: Iterable[OrderLine]) -> Decimal:
    """What lines come to; 0 without any."""
    return sum((line.amount for line in lines), Decimal(0))
