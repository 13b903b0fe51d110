"""Which documents --models names."""

import pytest

from order_search.documents import OrderDocument
from search.exceptions import UnknownModel
from search.mapping.registry import select_documents
from tests.shop.documents import ItemDocument


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (None, [ItemDocument, OrderDocument]),
        ([], [ItemDocument, OrderDocument]),
        (["orders"], [OrderDocument]),
        (["Orders.ORDER", "orders"], [OrderDocument]),
        (["orders.Order", "shop"], [OrderDocument, ItemDocument]),
    ],
)
def test_apps_and_models_in_any_case_each_once(names: list[str] | None, chosen: list[type]) -> None:
    assert select_documents(names) == chosen


@pytest.mark.parametrize("name", ["", "order", "auth", "orders.order.x", "shop.Part"])
def test_an_unknown_one_is_named_beside_those_that_are_known(name: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        select_documents(["shop", name])
    assert caught.value.detail == f"{name}; there is shop.Item, orders.Order"
