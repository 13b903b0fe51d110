"""Many orders at once, without pending entries in the outbox."""

from django.db import connection, transaction

INSERT = """
    INSERT INTO orders_order (order_number, customer_name, total_amount, created_at, updated_at, version)
    SELECT 'base' || lpad(n::text, 7, '0'), 'Customer ' || n, n %% 1000, now(), now(),
        (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + n
    FROM generate_series(%s, %s) AS n
"""


def make_rows(last: int, *, first: int = 1) -> None:
    """Insert the orders base0000001 to the last, past capture (PostgreSQL)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(INSERT, [first, last])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE orders_order")
