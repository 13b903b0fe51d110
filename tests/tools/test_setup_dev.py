"""The preparation warns when there are more rows than the embedded engine is fast with."""

import pytest

from orders.models import Order
from tools import setup_dev


def test_many_rows_are_warned_of(monkeypatch, capsys):
    monkeypatch.setattr(setup_dev, "count_rows", lambda: 5_001)
    setup_dev.warn_of_many_rows()
    assert capsys.readouterr().err == (
        "5001 rows are too many for the embedded engine. Set ELASTICSEARCH_URL to a real one.\n"
    )


def test_a_few_rows_are_not(monkeypatch, capsys):
    monkeypatch.setattr(setup_dev, "count_rows", lambda: 5_000)
    setup_dev.warn_of_many_rows()
    assert capsys.readouterr().err == ""


@pytest.mark.django_db
def test_rows_are_counted_over_every_document():
    assert setup_dev.count_rows() == 0
    Order.objects.bulk_create(
        Order(order_number=f"n{number}", customer_name="x", total_amount=1) for number in range(3)
    )
    assert setup_dev.count_rows() == 3
