"""Whether the live index matches the code, and whether all that keeps it in step is installed."""

from typing import Any

from django_elasticsearch_dsl import Document

from ..client import client, translate_errors
from ..mapping.fingerprint import CHANGEABLE, body, fingerprint
from ..models import Index, IndexState
from ..outbox import capture
from .aliases import AliasState, alias_of, alias_state
from .lifecycle import index_exists
from .template import has_template


def problems(document: type[Document], using: str = "default") -> list[str]:
    """Return what does not match, one line each, with the command to run.

    Raise SearchError if it cannot be determined.
    """
    alias = alias_of(document)
    with translate_errors():
        lines = [] if has_template(alias) else ["the index template is absent or changed: run search_index --create"]
        state = alias_state(alias, using)
        lines += record_problems(state, using)
        if state.target:
            lines += mapping_problems(document, state.target) + setting_problems(document, state.target)
    return lines + capture_problems(document, using)


def record_problems(state: AliasState, using: str) -> list[str]:
    if not state.target:
        return ["the alias names no index: run search_index --create"]
    lines = [] if state.in_agreement else [f"{state}: run search_index --create"]
    for target in Index.objects.using(using).targets().filter(alias=state.alias).exclude(state=IndexState.LIVE):
        if not index_exists(target.name):
            lines.append(f"{target.name} ({target.state}) does not exist in Elasticsearch: run search_index --prune")
    return lines


def mapping_problems(document: type[Document], name: str) -> list[str]:
    actual: dict[str, Any] = client().indices.get_mapping(index=name)[name]["mappings"]
    expected = body(document)["mappings"]
    lines = [
        f"the mapping of {field} differs from the code's: run search_index --rebuild"
        for field, mapping in expected.get("properties", {}).items()
        if actual.get("properties", {}).get(field) != mapping
    ]
    dynamic = str(expected.get("dynamic", True)).lower()
    if str(actual.get("dynamic", True)).lower() != dynamic:
        lines.append(f"the mapping is not dynamic: {dynamic}: run search_index --rebuild")
    if not lines and actual.get("_meta", {}).get("fingerprint") != fingerprint(document):
        lines.append("the index was created by other code: run search_index --rebuild")
    return lines


def setting_problems(document: type[Document], name: str) -> list[str]:
    """Return the settings that differ from the code's, except those that an operator may change."""
    actual: dict[str, Any] = client().indices.get_settings(index=name, flat_settings=True)[name]["settings"]
    expected = flatten({key: value for key, value in body(document)["settings"].items() if key not in CHANGEABLE})
    return [
        f"the setting {key} is {actual.get(f'index.{key}')}, not {value}: run search_index --rebuild"
        for key, value in expected.items()
        if str(actual.get(f"index.{key}")).lower() != str(value).lower()
    ]


def flatten(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as {"analysis.filter.x.type": ...}; list items as text, as Elasticsearch shows them."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = [str(item) for item in value] if isinstance(value, list) else value
    return flat


def capture_problems(document: type[Document], using: str) -> list[str]:
    """Return the models of the document whose changes are not captured."""
    captured = capture.status(using)
    labels = [model._meta.label for model in (document.django.model, *getattr(document, "capture", {}))]
    return [f"changes of {label} are not captured: run migrate" for label in labels if not captured.get(label)]
