"""The search app: it connects capture's installation; the receivers connect when the registry is full."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class SearchConfig(AppConfig):
    """Configuration of search."""

    name = "search"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401  # registers the checks
        from .outbox.capture import install_after_migrate, release_before_migrate

        pre_migrate.connect(release_before_migrate, sender=self, dispatch_uid="search.release_capture")
        post_migrate.connect(install_after_migrate, sender=self, dispatch_uid="search.install_capture")
