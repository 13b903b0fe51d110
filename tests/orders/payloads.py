"""Orders as clients send and get them."""

from typing import Any

from orders.models import Order

JOHN = {"order_number": "order00003", "customer_name": "John Doe", "total_amount": 1234.56}
UNPRICED = {"order_number": "order00003", "customer_name": "John Doe"}  # for an order with lines
LAMP = {"sku": "lamp", "description": "A lamp", "quantity": 2, "unit_price": "10.25"}
BULB = {"sku": "bulb", "quantity": 1, "unit_price": 3}


def as_json(order: Order) -> dict[str, Any]:
    """Return an order as the API does."""
    return {
        "id": order.pk,
        "order_number": order.order_number,
        "customer_name": order.customer_name,
        "total_amount": f"{order.total_amount:.2f}",
        "currency": order.currency,
        "status": order.status,
        "note": order.note,
        "lines": [
            {
                "sku": line.sku,
                "description": line.description,
                "quantity": line.quantity,
                "unit_price": f"{line.unit_price:.2f}",
            }
            for line in order.lines.all()
        ],
        "created_at": order.created_at.isoformat().replace("+00:00", "Z"),
        "updated_at": order.updated_at.isoformat().replace("+00:00", "Z"),
        "version": order.version,
    }
