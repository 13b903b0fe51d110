"""The search app. Its receivers of save and delete are connected when django-elasticsearch-dsl's registry is full."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class SearchConfig(AppConfig):
    name = __name__.rpartition(".")[0]  # a copy of this package may have another name
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401  # registers the checks
        from .outbox.capture import drop_before_migrate, install_after_migrate

        pre_migrate.connect(drop_before_migrate, sender=self, dispatch_uid="search.drop_capture")
        post_migrate.connect(install_after_migrate, sender=self, dispatch_uid="search.install_capture")
