"""A row and its document are the same to a searcher, or one of them is wrong; and what a row took."""

from decimal import Decimal

import pytest

from benchmarks.deployment import cpu_per_row, searchable_values

LINES = [("CHA-001", "Chair, blue", 2, "4.5"), ("LAM-002", "Lamp, red", 1, "20")]
OTHERS = [("LAM-003", "Lamp, red", 1, "20"), ("LAM-002", "Lamp", 1, "20"), ("LAM-002", "Lamp, red", 3, "20")]


def order(amount, price, lines=LINES, **changed):
    named = [
        {"sku": sku, "description": description, "quantity": quantity, "unit_price": price(each)}
        for sku, description, quantity, each in lines
    ]
    texts = {
        "order_number": "o1", "customer_name": "John", "currency": "EUR", "status": "paid", "note": "Ring twice",
    }  # fmt: skip
    return texts | {"total_amount": amount, "lines": named} | changed


ROW = order(Decimal("29.00"), Decimal)


def test_a_row_is_its_document():
    document = order(29.0, float, lines=LINES[::-1])
    assert searchable_values(ROW) == searchable_values(document)


@pytest.mark.parametrize(
    "document",
    [
        *[
            order(29.0, float, **{name: "x"})
            for name in ("order_number", "customer_name", "currency", "status", "note")
        ],
        order(28.0, float),
        order(29.0, float, lines=LINES[:1]),
        order(29.0, lambda price: float(price) + 1),
        *[order(29.0, float, lines=[LINES[0], other]) for other in OTHERS],
    ],
)
def test_a_document_that_differs_anywhere_is_stale(document):
    assert searchable_values(ROW) != searchable_values(document)


def test_what_a_row_took_is_shared_out_over_all_rows():
    before, after = {"service": 1.0, "database": 2.0, "engine": 3.0}, {"service": 1.5, "database": 2.25, "engine": 5.0}
    assert cpu_per_row(before, after, 1000, service=0.5) == {
        "service_cpu_us": 1000.0, "database_cpu_us": 250.0, "engine_cpu_us": 2000.0,
    }  # fmt: skip
