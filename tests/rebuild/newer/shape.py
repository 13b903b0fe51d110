"""What an order's document looks like to the newer code."""

from typing import Any


def newer(source: dict[str, Any]) -> dict[str, Any]:
    """The document of today's code, and the initial of the customer's name."""
    return source | {"initial": source["customer_name"][:1]}
