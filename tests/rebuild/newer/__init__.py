"""Newer code, as an app: where it is installed, an order's document has another mapping."""
