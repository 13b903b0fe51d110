"""Whether the live index fits the code, and all that keeps it in step is in place."""

from typing import Any

from django_elasticsearch_dsl import Document

from ..client import client, translate_errors
from ..mapping.fingerprint import CHANGEABLE, body, fingerprint
from ..models import Index, IndexState
from ..outbox import capture
from . import lifecycle
from .template import has_template


def problems(document: type[Document], using: str = "default") -> list[str]:
    """What does not fit, each in one line; none when all is well. SearchError when it cannot be looked at."""
    alias = lifecycle.alias_of(document)
    with translate_errors():
        found = [] if has_template(alias) else ["the index template is absent or changed: run search_index --create"]
        found += states(alias, using)
        name = lifecycle.behind(alias, using)
        if name:
            found += mapping(document, name) + settings(document, name)
    return found + triggers(document, using)


def states(alias: str, using: str) -> list[str]:
    """Where the records and the engine disagree."""
    named, recorded = lifecycle.behind(alias, using), lifecycle.live(alias, using)
    if not named:
        return ["the alias names no index: run search_index --create"]
    found = []
    if not recorded or recorded.name != named:
        taken = recorded.name if recorded else "none"
        found.append(f"the alias names {named}, the database takes {taken} for live: run search_index --create")
    for target in Index.objects.using(using).targets().filter(alias=alias).exclude(state=IndexState.LIVE):
        if not lifecycle.exists(target.name):
            found.append(f"{target.name} ({target.state}) is not in the engine: run search_index --prune")
    return found


def mapping(document: type[Document], name: str) -> list[str]:
    """Fields whose mapping is not the code's, by name."""
    actual: dict[str, Any] = client().indices.get_mapping(index=name)[name]["mappings"]
    wanted = body(document)["mappings"]
    found = [
        f"the mapping of {field} is not the code's: run search_index --rebuild"
        for field, shape in wanted.get("properties", {}).items()
        if actual.get("properties", {}).get(field) != shape
    ]
    dynamic = str(wanted.get("dynamic", True)).lower()
    if str(actual.get("dynamic", True)).lower() != dynamic:
        found.append(f"the mapping is not dynamic: {dynamic}: run search_index --rebuild")
    own = actual.get("_meta", {}).get("fingerprint")
    if not found and own != fingerprint(document):
        found.append("the index was made by other code: run search_index --rebuild")
    return found


def settings(document: type[Document], name: str) -> list[str]:
    """Settings that are not the code's, by name; what an operator may change under way is left to him."""
    actual: dict[str, Any] = client().indices.get_settings(index=name, flat_settings=True)[name]["settings"]
    wanted = flat({key: value for key, value in body(document)["settings"].items() if key not in CHANGEABLE})
    return [
        f"the setting {key} is {actual.get(f'index.{key}')}, not {value}: run search_index --rebuild"
        for key, value in wanted.items()
        if str(actual.get(f"index.{key}")).lower() != str(value).lower()
    ]


def flat(nested: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Nested settings as {"analysis.filter.x.type": ...}; lists become what the engine shows."""
    found: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, dict):
            found |= flat(value, f"{before}{key}.")
        else:
            found[before + key] = [str(one) for one in value] if isinstance(value, list) else value
    return found


def triggers(document: type[Document], using: str) -> list[str]:
    """Models of the document whose changes are not captured."""
    watched = capture.status(using)
    labels = [model._meta.label for model in (document.django.model, *getattr(document, "capture", {}))]
    return [f"changes of {label} are not captured: run migrate" for label in labels if not watched.get(label)]
