"""The models: an order and its lines."""

from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, TextChoices
from django.db.models.functions import Now


class OrderStatus(TextChoices):
    """The state of an order."""

    DRAFT = "draft"  # not yet placed by the customer
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


def default_currency() -> str:
    return str(settings.ORDER_CURRENCY)


class Order(models.Model):
    """An order. Defaults are declared in the database too, so that other programs can insert rows."""

    order_number = models.CharField(max_length=50, unique=True)
    customer_name = models.CharField(max_length=200)
    # The total of the lines; an order without lines has the total that the client sent.
    total_amount = models.DecimalField(max_digits=12, decimal_places=2, validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3, default=default_currency, db_default="EUR")  # ISO 4217
    status = models.CharField(
        max_length=9, choices=OrderStatus.choices, default=OrderStatus.PLACED, db_default=OrderStatus.PLACED
    )
    note = models.TextField(max_length=2000, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())
    # Set by a trigger at every write, also of other programs: refresh a saved instance to read it.
    version = models.BigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(total_amount__gte=0), name="orders_order_total_amount_not_negative"),
        ]

    def __str__(self) -> str:
        return self.order_number


class OrderLine(models.Model):
    """A quantity of one article at one price."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()  # 1, 2, 3, ... as the client sent them
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
        return self.quantity * self.unit_price


def total_of(lines: Iterable[OrderLine]) -> Decimal:
    return sum((line.amount for line in lines), Decimal(0))
