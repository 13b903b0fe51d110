"""The system checks: each reports its problem with a hint, and none reports anything in this project."""

from collections import defaultdict
from io import StringIO
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.checks import Error, Tags, Warning, run_checks
from django.core.management import call_command
from django.db import connection, models
from django.test.utils import isolate_apps
from django_elasticsearch_dsl import Document
from django_elasticsearch_dsl.registries import registry
from elasticsearch.dsl import MetaField

from orders.models import Order
from search import checks
from search.mapping.base import VersionedDocument
from tests.shop.models import Item, Part


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """Unregister the documents of a test when it ends."""
    for name in ("_indices", "_models", "_related_models"):
        copied = {key: set(values) for key, values in getattr(registry, name).items()}
        monkeypatch.setattr(registry, name, defaultdict(set, copied))


def register(model, *, base=VersionedDocument, capture=None, related=(), dynamic="false"):
    """Register a document class and return it."""
    inner = {
        "Index": type("Index", (), {"name": "of-a-check"}),
        "Meta": type("Meta", (), {"dynamic": MetaField(dynamic)}),
        "Django": type("Django", (), {"model": model, "related_models": list(related)}),
    }
    return registry.register_document(type("Odd", (base,), inner | {"capture": capture or {}}))


def messages():
    """Return the messages of the checks of search."""
    return [message for message in run_checks() if (message.id or "").startswith("search.")]


def test_this_project_has_no_issue():
    output, errors = StringIO(), StringIO()
    call_command("check", stdout=output, stderr=errors)
    assert (output.getvalue(), errors.getvalue()) == ("System check identified no issues (0 silenced).\n", "")


def test_a_document_of_the_right_shape_has_no_issue():
    register(Item, related=[Part], capture={Part: "item"})
    assert messages() == []


@isolate_apps("tests.shop")
def test_a_proxy_has_no_table_to_watch():
    class Lamp(Item):
        class Meta:
            app_label = "shop"
            proxy = True

    document = register(Lamp)
    assert messages() == [
        Error(
            "shop.Lamp is a proxy, so Odd has no table of its own to watch.",
            hint="Use the model that has the table, and select its rows in get_queryset().",
            obj=document,
            id="search.E005",
        )
    ]


@isolate_apps("tests.shop")
def test_a_child_of_another_table_cannot_be_watched():
    class Lamp(Item):
        watts = models.IntegerField(default=0)

        class Meta:
            app_label = "shop"

    document = register(Lamp)
    assert messages() == [
        Error(
            "shop.Lamp is spread over the tables of its parents, so Odd has no table of its own to watch.",
            hint="Use the model that has the table, and select its rows in get_queryset().",
            obj=document,
            id="search.E005",
        )
    ]


def test_a_foreign_document_is_not_indexed():
    document = register(Item, base=Document)
    assert messages() == [
        Error(
            "Odd is not a VersionedDocument, so its changes are not indexed.",
            hint="Derive it from search.mapping.base.VersionedDocument.",
            obj=document,
            id="search.E001",
        )
    ]


def test_a_model_without_a_version():
    document = register(Part)
    assert messages() == [
        Error(
            "shop.Part has no BigIntegerField `version`, which Odd needs.",
            hint="Add version = models.BigIntegerField(default=0, editable=False), and migrate.",
            obj=document,
            id="search.E002",
        )
    ]


@isolate_apps("tests.shop")
def test_a_version_that_is_too_small():
    """Microseconds since 1970 do not fit an IntegerField."""

    class Small(models.Model):
        version = models.IntegerField()

        class Meta:
            app_label = "shop"

    register(Small)
    assert [(message.id, message.msg) for message in messages()] == [
        ("search.E002", "shop.Small has no BigIntegerField `version`, which Odd needs.")
    ]


def test_a_related_model_without_a_path():
    document = register(Item, related=[Part])
    assert messages() == [
        Error(
            "Odd has the related model shop.Part without a path in `capture`.",
            hint="Add the path of relations from it to the document's model, such as {Part: 'item'}.",
            obj=document,
            id="search.E003",
        )
    ]


@pytest.mark.parametrize(
    ("model", "path", "problem"),
    [
        (Item, "nothing", "does not name a relation: Part has no field named 'nothing'"),
        (Item, "name", "does not name a relation: shop.Part.name is no relation"),
        (Item, "item__name", "does not name a relation: shop.Item.name is no relation"),
        (Item, "", "does not name a relation: Part has no field named ''"),
        (Order, "item", "leads to shop.Item"),
    ],
)
def test_a_path_that_does_not_lead_to_the_documents_model(model, path, problem):
    document = register(model, capture={Part: path})
    assert messages() == [
        Error(
            f"Odd's path {path!r} from shop.Part {problem}.",
            hint=f"Give the path of relations from shop.Part to {model._meta.label}.",
            obj=document,
            id="search.E004",
        )
    ]


@pytest.mark.parametrize("dynamic", ["true", "strict", "runtime"])
def test_a_mapping_that_grows_or_refuses(dynamic):
    document = register(Item, dynamic=dynamic)
    assert messages() == [
        Warning(
            f"Odd's mapping has dynamic: {dynamic}, so newer code cannot write to an older index.",
            hint='Set dynamic = MetaField("false") in its Meta.',
            obj=document,
            id="search.W001",
        )
    ]


def test_a_mapping_without_the_parameter_is_dynamic():
    inner = {"Index": type("Index", (), {"name": "of-a-check"}), "Django": type("Django", (), {"model": Item})}
    registry.register_document(type("Odd", (VersionedDocument,), inner))
    assert [message.msg for message in messages()] == [
        "Odd's mapping has dynamic: true, so newer code cannot write to an older index."
    ]


def test_a_database_that_cannot_capture(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "mysql")
    assert list(checks._check_databases()) == [
        Warning(
            "Changes in the database 'default' cannot be captured, because mysql is not supported.",
            hint="Use PostgreSQL or SQLite.",
            id="search.W002",
        )
    ]


@pytest.mark.parametrize("processor", ["django_elasticsearch_dsl.signals.RealTimeSignalProcessor", None])
def test_another_signal_processor(settings, processor):
    del settings.ELASTICSEARCH_DSL_SIGNAL_PROCESSOR
    if processor:
        settings.ELASTICSEARCH_DSL_SIGNAL_PROCESSOR = processor
    assert messages() == [
        Warning(
            "ELASTICSEARCH_DSL_SIGNAL_PROCESSOR is not 'search.signals.SignalProcessor', "
            "so every save is indexed twice, once before its commit.",
            hint="Set it to 'search.signals.SignalProcessor'.",
            id="search.W003",
        )
    ]


def test_a_copy_under_another_name_checks_its_own_position(monkeypatch):
    configs = [SimpleNamespace(name="django_elasticsearch_dsl"), SimpleNamespace(name="indexing")]
    monkeypatch.setattr(apps, "get_app_configs", lambda: configs)
    monkeypatch.setattr(apps, "get_containing_app_config", lambda name: configs[1])
    assert [message.hint for message in checks._check_installed_apps()] == [
        "Move 'indexing' before 'django_elasticsearch_dsl' in INSTALLED_APPS."
    ]


def test_search_after_django_elasticsearch_dsl(monkeypatch):
    reversed_configs = list(reversed(list(apps.get_app_configs())))
    monkeypatch.setattr(apps, "get_app_configs", lambda: reversed_configs)
    assert messages() == [
        Warning(
            "'search' comes after 'django_elasticsearch_dsl' in INSTALLED_APPS, "
            "so search_index is the command of that package.",
            hint="Move 'search' before 'django_elasticsearch_dsl' in INSTALLED_APPS.",
            id="search.W004",
        )
    ]


@pytest.mark.parametrize(
    ("grace_period", "engine", "push", "expected"),
    [
        (25, 10, 1, []),
        (24, 10, 1, [("24", "9.6", "25")]),
        (2, 0.5, 1, [("2", "0.8", "2.5")]),
    ],
)
def test_a_grace_period_shorter_than_a_sender_may_take(settings, grace_period, engine, push, expected):
    settings.SEARCH_DELETE_GRACE_PERIOD, settings.SEARCH_ENGINE_TIMEOUT, settings.SEARCH_PUSH_TIMEOUT = (
        grace_period,
        engine,
        push,
    )
    assert messages() == [
        Warning(
            f"SEARCH_DELETE_GRACE_PERIOD is {current} s, which limits each call to Elasticsearch to {limit} s.",
            hint=f"Set it to {minimum} or more, or lower SEARCH_ENGINE_TIMEOUT and SEARCH_PUSH_TIMEOUT.",
            id="search.W005",
        )
        for current, limit, minimum in expected
    ]


def test_no_check_has_a_database_tag():
    """Such an error would stop `migrate`, which fixes some of the problems."""
    from django.core.checks.registry import registry as registered_checks

    ours = [check for check in registered_checks.get_checks(True) if check.__module__ == checks.__name__]
    assert set(ours) == {checks.check_documents, checks.check_settings}
    assert all(Tags.database not in check.tags for check in ours)
