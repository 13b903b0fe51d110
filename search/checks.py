"""System checks of documents and settings that would let the index miss changes without an error.

A wrong document is an error, which also stops `migrate`. A wrong setting is a warning, so that a project that only
installs search can still migrate.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import FieldDoesNotExist
from django.db import connections
from django.db.models import BigIntegerField, Model
from django_elasticsearch_dsl.registries import registry

from .conf import conf
from .mapping.base import VersionedDocument
from .mapping.registry import documents
from .outbox.relations import joins

# Computed, because the package may be installed under another name.
PROCESSOR = f"{__package__}.signals.SignalProcessor"
BASE_CLASS = f"{VersionedDocument.__module__}.{VersionedDocument.__qualname__}"
SUPPORTED_VENDORS = {"postgresql", "sqlite"}  # with SQL in outbox/triggers.py
# A sender reads rows for at most half the grace period, then calls Elasticsearch for at most 0.4 of it.
GRACE_PERIOD_PER_TIMEOUT = 2.5


@register("search")
def check_documents(**kwargs: Any) -> list[CheckMessage]:
    """Check that search can keep every registered document in step."""
    messages = [message for document in documents() for message in _check_document(document)]
    return [*_check_foreign_documents(), *messages]


@register("search")
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Check that databases and settings let changes be captured, and pushed once."""
    return [*_check_databases(), *_check_processor(), *_check_installed_apps(), *_check_grace_period()]


def _check_foreign_documents() -> Iterator[CheckMessage]:
    foreign = {document for document in registry.get_documents() if not issubclass(document, VersionedDocument)}
    for document in sorted(foreign, key=lambda document: document.__qualname__):
        yield Error(
            f"{document.__name__} is not a VersionedDocument, so its changes are not indexed.",
            hint=f"Derive it from {BASE_CLASS}.",
            obj=document,
            id="search.E001",
        )


def _check_document(document: type[VersionedDocument]) -> Iterator[CheckMessage]:
    model = document.django.model
    yield from _check_table(document, model)
    yield from _check_version(document, model)
    for related in document.django.related_models:
        if related not in document.capture:
            yield Error(
                f"{document.__name__} has the related model {related._meta.label} without a path in `capture`.",
                hint="Add the path of relations from it to the document's model, such as {Part: 'item'}.",
                obj=document,
                id="search.E003",
            )
    for related, path in document.capture.items():
        yield from _check_path(document, related, path)
    yield from _check_dynamic(document)


def _check_table(document: type[VersionedDocument], model: type[Model]) -> Iterator[CheckMessage]:
    if model._meta.proxy or model._meta.parents:
        kind = "a proxy" if model._meta.proxy else "spread over the tables of its parents"
        yield Error(
            f"{model._meta.label} is {kind}, so {document.__name__} has no table of its own to watch.",
            hint="Use the model that has the table, and select its rows in get_queryset().",
            obj=document,
            id="search.E005",
        )


def _check_version(document: type[VersionedDocument], model: type[Model]) -> Iterator[CheckMessage]:
    """Check for the version field. It holds microseconds since 1970, which an IntegerField cannot."""
    try:
        has_version = isinstance(model._meta.get_field("version"), BigIntegerField)
    except FieldDoesNotExist:
        has_version = False
    if not has_version:
        yield Error(
            f"{model._meta.label} has no BigIntegerField `version`, which {document.__name__} needs.",
            hint="Add version = models.BigIntegerField(default=0, editable=False), and migrate.",
            obj=document,
            id="search.E002",
        )


def _check_path(document: type[VersionedDocument], related: type[Model], path: str) -> Iterator[CheckMessage]:
    try:
        end = list(joins(related, path))[-1].model
        problem = "" if end is document.django.model._meta.concrete_model else f"leads to {end._meta.label}"
    except FieldDoesNotExist as error:
        problem = f"does not name a relation: {error}"
    if problem:
        yield Error(
            f"{document.__name__}'s path {path!r} from {related._meta.label} {problem}.",
            hint=f"Give the path of relations from {related._meta.label} to {document.django.model._meta.label}.",
            obj=document,
            id="search.E004",
        )


def _check_dynamic(document: type[VersionedDocument]) -> Iterator[CheckMessage]:
    dynamic = str(document._index.to_dict().get("mappings", {}).get("dynamic", True)).lower()
    if dynamic != "false":
        yield Warning(
            f"{document.__name__}'s mapping has dynamic: {dynamic}, so newer code cannot write to an older index.",
            hint='Set dynamic = MetaField("false") in its Meta.',
            obj=document,
            id="search.W001",
        )


def _check_databases() -> Iterator[CheckMessage]:
    for alias in connections:
        if (vendor := connections[alias].vendor) not in SUPPORTED_VENDORS:
            yield Warning(
                f"Changes in the database {alias!r} cannot be captured, because {vendor} is not supported.",
                hint="Use PostgreSQL or SQLite.",
                id="search.W002",
            )


def _check_processor() -> Iterator[CheckMessage]:
    if getattr(settings, "ELASTICSEARCH_DSL_SIGNAL_PROCESSOR", "") != PROCESSOR:
        yield Warning(
            f"ELASTICSEARCH_DSL_SIGNAL_PROCESSOR is not {PROCESSOR!r}, so every save is indexed twice, "
            "once before its commit.",
            hint=f"Set it to {PROCESSOR!r}.",
            id="search.W003",
        )


def _check_installed_apps() -> Iterator[CheckMessage]:
    names = [config.name for config in apps.get_app_configs()]
    app_config = apps.get_containing_app_config(__name__)
    if app_config is None or "django_elasticsearch_dsl" not in names:
        return
    if names.index(app_config.name) > names.index("django_elasticsearch_dsl"):
        yield Warning(
            f"{app_config.name!r} comes after 'django_elasticsearch_dsl' in INSTALLED_APPS, "
            "so search_index is the command of that package.",
            hint=f"Move {app_config.name!r} before 'django_elasticsearch_dsl' in INSTALLED_APPS.",
            id="search.W004",
        )


def _check_grace_period() -> Iterator[CheckMessage]:
    """Check that a write sent before a delete arrives within the delete's grace period."""
    minimum = GRACE_PERIOD_PER_TIMEOUT * max(conf.ENGINE_TIMEOUT, conf.PUSH_TIMEOUT)
    if minimum > conf.DELETE_GRACE_PERIOD:
        yield Warning(
            f"SEARCH_DELETE_GRACE_PERIOD is {conf.DELETE_GRACE_PERIOD:g} s, which limits each call to Elasticsearch to "
            f"{conf.DELETE_GRACE_PERIOD / GRACE_PERIOD_PER_TIMEOUT:g} s.",
            hint=f"Set it to {minimum:g} or more, or lower SEARCH_ENGINE_TIMEOUT and SEARCH_PUSH_TIMEOUT.",
            id="search.W005",
        )
