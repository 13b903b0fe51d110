"""The orders app."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Configuration of the orders app."""

    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"
