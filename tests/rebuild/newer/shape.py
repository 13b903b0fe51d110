"""What an order's document looks like to the newer code."""

from typing import Any


def newer(source: dict[str, Any]) -> dict[str, Any]:
    """Add the initial of the customer's name to the document of today's code."""
    return source | {"initial": source["customer_name"][:1]}
