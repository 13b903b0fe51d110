"""The fingerprint of a document: a hash of its mapping, settings and analysis.

An index carries it in its mapping's `_meta`, so that it is known also where the database has forgotten it.
"""

import json
from hashlib import sha256
from typing import Any

from django_elasticsearch_dsl import Document

_known: dict[type, str] = {}
CHANGEABLE = {"number_of_replicas", "refresh_interval", "search"}  # settings an operator may change under way


def body(document: type[Document]) -> dict[str, Any]:
    """The mapping and the settings as the code has them."""
    made: dict[str, Any] = document._index.to_dict()
    return {"mappings": made.get("mappings", {}), "settings": made.get("settings", {})}


def fingerprint(document: type[Document]) -> str:
    """The document's fingerprint, 16 hexadecimal digits."""
    if document not in _known:
        _known[document] = _compute(document)
    return _known[document]


def _compute(document: type[Document]) -> str:
    shape = body(document)
    shape["settings"] = {name: value for name, value in shape["settings"].items() if name not in CHANGEABLE}
    canonical = json.dumps(shape, sort_keys=True, separators=(",", ":"), default=str)
    return sha256(canonical.encode()).hexdigest()[:16]


def signed_body(document: type[Document]) -> dict[str, Any]:
    """The body to create an index with: mapping and settings, and the fingerprint in `_meta`."""
    made = body(document)
    meta = made["mappings"].get("_meta", {}) | {"fingerprint": fingerprint(document)}
    return {"mappings": made["mappings"] | {"_meta": meta}, "settings": made["settings"]}
