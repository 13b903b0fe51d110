"""The order, the one thing this service keeps."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Order(models.Model):
    """An order. Its defaults are the database's too, so that other programs may insert rows."""

    order_number = models.CharField(max_length=50, unique=True)
    customer_name = models.CharField(max_length=200)
    total_amount = models.DecimalField(max_digits=12, decimal_places=2, validators=[MinValueValidator(0)])
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
