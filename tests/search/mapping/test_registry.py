"""select_documents(): which documents --models selects."""

import pytest

from order_search.documents import OrderDocument
from search.exceptions import UnknownModel
from search.mapping.registry import select_documents
from tests.shop.documents import ItemDocument


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (None, [ItemDocument, OrderDocument]),
        ([], [ItemDocument, OrderDocument]),
        (["orders"], [OrderDocument]),
        (["Orders.ORDER", "orders"], [OrderDocument]),
        (["orders.Order", "shop"], [OrderDocument, ItemDocument]),
    ],
)
def test_apps_and_models_in_any_case_each_once(names: list[str] | None, expected: list[type]) -> None:
    assert select_documents(names) == expected


@pytest.mark.parametrize("name", ["", "order", "auth", "orders.order.x", "shop.Part"])
def test_an_unknown_name_is_reported_with_the_known_labels(name: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        select_documents(["shop", name])
    assert caught.value.detail == f"{name}; there is shop.Item, orders.Order"
