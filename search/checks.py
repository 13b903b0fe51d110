"""System checks: what of a document or of the settings would let the index be wrong without a sign.

What the code of a document gets wrong is an error, which also stops `migrate`. What settings get wrong is a warning:
this project's settings refuse it themselves, and a project that only borrows search shall still be able to migrate.
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

PROCESSOR = "search.signals.SignalProcessor"
VENDORS = {"postgresql", "sqlite"}  # whose triggers search/outbox/triggers.py writes
SHARE = 2.5  # a sender reads rows for at most half the grace period, then calls for at most 0.4 of it


@register("search")
def check_documents(**kwargs: Any) -> list[CheckMessage]:
    """Every registered document is one that search can keep in step."""
    found = [message for document in documents() for message in _document(document)]
    return [*_strangers(), *found]


@register("search")
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """The databases and the settings are such that changes are captured, and pushed once."""
    return [*_databases(), *_processor(), *_order(), *_settle()]


def _strangers() -> Iterator[CheckMessage]:
    """Documents that nothing keeps in step."""
    others = {document for document in registry.get_documents() if not issubclass(document, VersionedDocument)}
    for document in sorted(others, key=lambda each: each.__qualname__):
        yield Error(
            f"{document.__name__} is no VersionedDocument, so its changes are indexed by nobody.",
            hint="Derive it from search.mapping.base.VersionedDocument.",
            obj=document,
            id="search.E001",
        )


def _document(document: type[VersionedDocument]) -> Iterator[CheckMessage]:
    """What is wrong with one document."""
    model = document.django.model
    yield from _table(document, model)
    yield from _version(document, model)
    for related in document.django.related_models:
        if related not in document.capture:
            yield Error(
                f"{document.__name__} has the related model {related._meta.label} without a path in `capture`.",
                hint="Give the path of relations from it to the document's model, such as {OrderLine: 'order'}.",
                obj=document,
                id="search.E003",
            )
    for related, path in document.capture.items():
        yield from _path(document, related, path)
    yield from _dynamic(document)


def _table(document: type[VersionedDocument], model: type[Model]) -> Iterator[CheckMessage]:
    """The rows are in one table of the model's own, which triggers can watch."""
    if model._meta.proxy or model._meta.parents:
        kind = "a proxy" if model._meta.proxy else "spread over the tables of its parents"
        yield Error(
            f"{model._meta.label} is {kind}, so {document.__name__} has no table of its own to watch.",
            hint="Make the document of the model that has the table, and choose its rows in get_queryset().",
            obj=document,
            id="search.E005",
        )


def _version(document: type[VersionedDocument], model: type[Model]) -> Iterator[CheckMessage]:
    """The row carries the number by which the newer change wins."""
    try:
        suits = isinstance(model._meta.get_field("version"), BigIntegerField)
    except FieldDoesNotExist:
        suits = False
    if not suits:
        yield Error(
            f"{model._meta.label} has no BigIntegerField `version`, which {document.__name__} needs.",
            hint="Add version = models.BigIntegerField(default=0, editable=False), and migrate.",
            obj=document,
            id="search.E002",
        )


def _path(document: type[VersionedDocument], related: type[Model], path: str) -> Iterator[CheckMessage]:
    """A path leads from a related model to the document's model."""
    try:
        end = list(joins(related, path))[-1].model
        problem = "" if end is document.django.model._meta.concrete_model else f"leads to {end._meta.label}"
    except FieldDoesNotExist as error:
        problem = f"names no relation: {error}"
    if problem:
        yield Error(
            f"{document.__name__}'s path {path!r} from {related._meta.label} {problem}.",
            hint=f"Give the path of relations from {related._meta.label} to {document.django.model._meta.label}.",
            obj=document,
            id="search.E004",
        )


def _dynamic(document: type[VersionedDocument]) -> Iterator[CheckMessage]:
    """What the mapping does not name stays out of it, so that newer code may write to an older index."""
    dynamic = str(document._index.to_dict().get("mappings", {}).get("dynamic", True)).lower()
    if dynamic != "false":
        yield Warning(
            f"{document.__name__}'s mapping has dynamic: {dynamic}.",
            hint='Set dynamic = MetaField("false") in its Meta: only so newer code may write to an older index.',
            obj=document,
            id="search.W001",
        )


def _databases() -> Iterator[CheckMessage]:
    """Each database can capture changes."""
    for alias in connections:
        if (vendor := connections[alias].vendor) not in VENDORS:
            yield Warning(
                f"The database {alias!r} is {vendor}, which cannot capture changes.",
                hint="Use PostgreSQL or SQLite.",
                id="search.W002",
            )


def _processor() -> Iterator[CheckMessage]:
    """Saves are pushed by us alone."""
    if getattr(settings, "ELASTICSEARCH_DSL_SIGNAL_PROCESSOR", "") != PROCESSOR:
        yield Warning(
            "ELASTICSEARCH_DSL_SIGNAL_PROCESSOR is not ours, so every save is indexed twice, once before its commit.",
            hint=f"Set it to {PROCESSOR!r}.",
            id="search.W003",
        )


def _order() -> Iterator[CheckMessage]:
    """The command search_index is ours."""
    names = [config.name for config in apps.get_app_configs()]
    if "django_elasticsearch_dsl" in names and names.index("search") > names.index("django_elasticsearch_dsl"):
        yield Warning(
            "search stands behind django_elasticsearch_dsl, whose own search_index command wins.",
            hint="Put search before django_elasticsearch_dsl in INSTALLED_APPS.",
            id="search.W004",
        )


def _settle() -> Iterator[CheckMessage]:
    """Two confirmations of a delete lie further apart than any sender's reading and its last byte."""
    least = SHARE * max(conf.ENGINE_TIMEOUT, conf.PUSH_TIMEOUT)
    if least > conf.DELETE_GRACE_PERIOD:
        yield Warning(
            f"SEARCH_DELETE_GRACE_PERIOD is {conf.DELETE_GRACE_PERIOD:g} s: each call to the engine is cut at "
            f"{conf.DELETE_GRACE_PERIOD / SHARE:g} s for it.",
            hint=f"Set it to {least:g} or more, or SEARCH_ENGINE_TIMEOUT and SEARCH_PUSH_TIMEOUT lower.",
            id="search.W005",
        )
