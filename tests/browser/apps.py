"""Patience, where the pages are looked at: what is too slow is tested elsewhere, and this machine may be busy."""

from django.apps import AppConfig


class BrowserConfig(AppConfig):
    """Part of the service that a browser visits."""

    name = "tests.browser"

    def ready(self) -> None:
        from desk import badge
        from search.query import client

        client.TIMEOUT = badge.PATIENCE = 20.0
