"""The index template over our own names: it lets no write create an index by itself.

Without it a late push would make a retired index anew, with whatever mapping the engine guesses.
"""

from typing import Any

from ..client import client

PRIORITY = 500  # above Elasticsearch's own templates


def template_body(alias: str) -> dict[str, Any]:
    """No index of the alias's name, nor of one of its indices' names, comes into being unasked."""
    return {"index_patterns": [alias, f"{alias}-*"], "priority": PRIORITY, "allow_auto_create": False}


def put_template(alias: str) -> None:
    """Install the template; harmless when it is there."""
    client().indices.put_index_template(name=alias, **template_body(alias))


def has_template(alias: str) -> bool:
    """Whether the template is there and as we want it."""
    found = client().options(ignore_status=404).indices.get_index_template(name=alias)
    bodies = [one["index_template"] for one in found.body.get("index_templates", [])]
    wanted = template_body(alias)
    return any(all(body.get(name) == value for name, value in wanted.items()) for body in bodies)
