"""The documents that a command's --models names."""

from search.exceptions import UnknownModel
from search.mapping.base import VersionedDocument, documents


def choose(names: list[str] | None) -> list[type[VersionedDocument]]:
    """The documents of these models or apps, or all; UnknownModel names the first that has none."""
    if not names:
        return documents()
    chosen: dict[type[VersionedDocument], None] = {}
    for name in names:
        found = [document for document in documents() if name.lower() in names_of(document)]
        if not found:
            known = ", ".join(document.django.model._meta.label for document in documents())
            raise UnknownModel(f"{name}; there is {known}")
        chosen |= dict.fromkeys(found)
    return list(chosen)


def names_of(document: type[VersionedDocument]) -> tuple[str, str]:
    """What --models may call the document: its app, or its app and model."""
    meta = document.django.model._meta
    return meta.app_label, meta.label_lower
