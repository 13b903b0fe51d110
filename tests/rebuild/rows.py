"""Many orders at once, as if they had always been there: nothing of them waits in the outbox."""

from django.db import connection, transaction

INSERT = """
    INSERT INTO orders_order (order_number, customer_name, total_amount, created_at, updated_at, version)
    SELECT 'base' || lpad(n::text, 7, '0'), 'Customer ' || n, n %% 1000, now(), now(),
        (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + n
    FROM generate_series(1, %s) AS n
"""


def make_rows(count: int) -> None:
    """Insert so many orders, base0000001 and so on, past capture (PostgreSQL)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(INSERT, [count])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE orders_order")
