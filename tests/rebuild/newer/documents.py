"""Changes the order's document in place, so that this process has another fingerprint than the tests' own."""

from typing import Any

from order_search.documents import OrderDocument
from tests.rebuild.newer.shape import newer

today = OrderDocument.prepare


def prepare(self: OrderDocument, instance: Any) -> dict[str, Any]:
    return newer(today(self, instance))


OrderDocument.prepare = prepare
OrderDocument._doc_type.mapping.field("initial", "keyword")
