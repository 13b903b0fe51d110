"""The order_search app."""

from django.apps import AppConfig


class OrderSearchConfig(AppConfig):
    """Register the orders' documents with django-elasticsearch-dsl."""

    name = "order_search"
    default_auto_field = "django.db.models.BigAutoField"
