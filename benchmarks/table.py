"""Large tables of orders, created by SQL, with their index: once a run for all benchmarks that need the size."""

from benchmarks.deployment import SYNC, Deployment
from benchmarks.servers import Servers

FIRSTS = "Anna Ben Clara Daniel Emily George Hannah Jack Olivia Thomas Björn Chloé François Jürgen Łukasz Søren Zoë"
LASTS = "Brown Clark Evans Hill King Smith Walker Çelik Dvořák Ibáñez Jørgensen Müller Nowák Miller Cook Baker Fisher"
THINGS = "Chair Desk Lamp Mug Notebook Pencil Shelf Kettle Rucksack Blanket Stool Bottle Mirror Carpet Clock Basket"
LOOKS = "blue green oak white black red walnut grey"
STATUSES = "delivered delivered delivered delivered delivered draft placed paid shipped cancelled"
CURRENCIES = "EUR EUR EUR USD GBP CHF"
COLUMNS = "(id, order_number, customer_name, total_amount, currency, status, note, created_at, updated_at, version)"


def orders(servers: Servers, rows: int) -> Deployment:
    """Return a deployment with this many indexed orders of no, one or two lines each, which benchmarks share.

    Later benchmarks see all changes: leave the number of orders as it was, and no entry pending.
    """
    name = f"table-{rows}"
    if name not in servers.built:
        deployment = Deployment(servers, SYNC, name).create()
        fill(deployment, rows)
        deployment.manage("search_index", "--rebuild", "--verbosity", "0")
        servers.built[name] = deployment
    shared: Deployment = servers.built[name]
    return shared


def fill(deployment: Deployment, rows: int) -> None:
    """Insert orders into an empty table without capturing them: the caller builds the index."""
    statements = [
        "SELECT setseed(0.5)",
        "SET session_replication_role = replica",
        *insert_lines(rows),
        *insert_orders(rows),
    ]
    deployment.execute("; ".join(statements))
    deployment.execute("VACUUM ANALYZE orders_order, orders_orderline")


def insert_lines(rows: int) -> list[str]:
    """Return the SQL that inserts the lines, before their orders: no lines for every third order."""
    thing, look = random_choice(THINGS), random_choice(LOOKS)
    return [
        f"""
        INSERT INTO orders_orderline (order_id, position, sku, description, quantity, unit_price)
        SELECT number, position, upper(left(thing, 3)) || '-' || lpad((number % 997)::text, 3, '0'),
               thing || ', ' || look, quantity, price
        FROM (SELECT number, position, {thing} AS thing, {look} AS look, 1 + floor(random() * 4)::int AS quantity,
                     round((2 + random() * 400)::numeric, 2) AS price
              FROM generate_series(1, {rows}) AS number, generate_series(1, number % 3) AS position) AS made
        """
    ]


def insert_orders(rows: int) -> list[str]:
    return [
        f"""
        INSERT INTO orders_order {COLUMNS}
        SELECT number, 'T-' || lpad(number::text, 8, '0'), {random_choice(FIRSTS)} || ' ' || {random_choice(LASTS)},
               coalesce(lines.total, round((5 + random() * 900)::numeric, 2)), {random_choice(CURRENCIES)},
               {random_choice(STATUSES)},
               (ARRAY['', '', '', 'Ring twice', 'Leave it with the neighbour', 'Call before you come'])
               [1 + floor(random() * 6)::int],
               now() - random() * interval '730 days', now(),
               (extract(epoch FROM now()) * 1000000)::bigint - {rows} + number
        FROM generate_series(1, {rows}) AS number LEFT JOIN (
            SELECT order_id, sum(quantity * unit_price) AS total FROM orders_orderline GROUP BY order_id
        ) AS lines ON lines.order_id = number ORDER BY number
        """,
        f"SELECT setval(pg_get_serial_sequence('orders_order', 'id'), {rows})",
    ]


def random_choice(words: str) -> str:
    choices = words.split()
    return f"({choices!r}::text[])[1 + floor(random() * {len(choices)})::int]".replace("([", "(ARRAY[", 1)
