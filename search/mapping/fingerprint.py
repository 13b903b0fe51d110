"""The fingerprint of a document: a hash of its mapping, settings and analysis.

An index carries it in the `_meta` of its mapping, so that it is known even if the database has no record of the index.
"""

import json
from hashlib import sha256
from typing import Any

from django_elasticsearch_dsl import Document

_fingerprints: dict[type, str] = {}
CHANGEABLE = {"number_of_replicas", "refresh_interval", "search"}  # settings an operator may change on a live index


def body(document: type[Document]) -> dict[str, Any]:
    """Return the mapping and the settings that the code defines."""
    index: dict[str, Any] = document._index.to_dict()
    return {"mappings": index.get("mappings", {}), "settings": index.get("settings", {})}


def fingerprint(document: type[Document]) -> str:
    """Return the document's fingerprint, 16 hexadecimal digits."""
    if document not in _fingerprints:
        _fingerprints[document] = _compute(document)
    return _fingerprints[document]


def _compute(document: type[Document]) -> str:
    shape = body(document)
    shape["settings"] = {name: value for name, value in shape["settings"].items() if name not in CHANGEABLE}
    canonical = json.dumps(shape, sort_keys=True, separators=(",", ":"), default=str)
    return sha256(canonical.encode()).hexdigest()[:16]


def signed_body(document: type[Document]) -> dict[str, Any]:
    """Return the body to create an index with: mapping and settings, with the fingerprint in `_meta`."""
    unsigned = body(document)
    meta = unsigned["mappings"].get("_meta", {}) | {"fingerprint": fingerprint(document)}
    return {"mappings": unsigned["mappings"] | {"_meta": meta}, "settings": unsigned["settings"]}
