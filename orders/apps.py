"""The orders app."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Configuration of orders."""

    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"
