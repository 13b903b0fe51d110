"""The index template over this package's index names: it forbids that a write creates an index.

Without it a late push would recreate a deleted index, with a mapping that Elasticsearch guesses.
"""

from typing import Any

from ..client import client

PRIORITY = 500  # above Elasticsearch's own templates


def template_body(alias: str) -> dict[str, Any]:
    """Return the template for the alias's name and the names of its indices."""
    return {"index_patterns": [alias, f"{alias}-*"], "priority": PRIORITY, "allow_auto_create": False}


def put_template(alias: str) -> None:
    client().indices.put_index_template(name=alias, **template_body(alias))


def has_template(alias: str) -> bool:
    """Return whether Elasticsearch has the template, unchanged."""
    response = client().options(ignore_status=404).indices.get_index_template(name=alias)
    bodies = [template["index_template"] for template in response.body.get("index_templates", [])]
    expected = template_body(alias)
    return any(all(body.get(name) == value for name, value in expected.items()) for body in bodies)
