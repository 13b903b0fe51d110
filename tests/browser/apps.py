"""Long timeouts for the browser tests: speed is tested elsewhere, and the machine may be busy."""

from django.apps import AppConfig
from django.conf import settings


class BrowserConfig(AppConfig):
    """Configuration of the service that a browser visits."""

    name = "tests.browser"

    def ready(self) -> None:
        from desk import badge

        settings.SEARCH_TIMEOUT = badge.ENGINE_TIMEOUT = 20.0
