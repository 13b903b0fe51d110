"""Many orders made in one request are in the index when it answers, by one bulk."""

import pytest
from rest_framework.test import APIClient

from order_search.documents import OrderDocument
from tests.search.test_signals import bulks
from tests.support import assert_in_step, in_index

pytestmark = [pytest.mark.engine, pytest.mark.conformance]
__all__ = ["bulks"]  # a fixture

LINE = {"sku": "lamp", "quantity": 1, "unit_price": 5}


def test_one_bulk_for_all(indices, bulks):
    sent = [{"order_number": f"b{at}", "customer_name": "Ann", "lines": [LINE]} for at in range(50)]
    response = APIClient().post("/orders/bulk", sent)
    assert (response.status_code, response["X-Search-Status"]) == (201, "indexed")
    assert bulks == [50]
    assert len(in_index(OrderDocument)) == 50
    assert_in_step()


def test_none_is_pushed_when_one_is_refused(indices, bulks):
    sent = [{"order_number": "b", "customer_name": "Ann", "total_amount": 1}, {}]
    assert APIClient().post("/orders/bulk", sent).status_code == 400
    assert bulks == []
    assert in_index(OrderDocument) == {}


def test_of_not_atomic_ones_the_good_are_pushed(indices, bulks):
    sent = [{"order_number": "b", "customer_name": "Ann", "total_amount": 1}, {}]
    response = APIClient().post("/orders/bulk?atomic=false", sent)
    assert (response.status_code, response["X-Search-Status"]) == (207, "indexed")
    assert bulks == [1]
    assert_in_step()
