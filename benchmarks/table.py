"""Tables of many orders, made by SQL, with their index: built once a run, for every benchmark that needs the size."""

from benchmarks.deployment import SYNC, Site
from benchmarks.servers import Ground

FIRSTS = "Anna Ben Clara Daniel Emily George Hannah Jack Olivia Thomas Björn Chloé François Jürgen Łukasz Søren Zoë"
LASTS = "Brown Clark Evans Hill King Smith Walker Çelik Dvořák Ibáñez Jørgensen Müller Nowák Miller Cook Baker Fisher"
THINGS = "Chair Desk Lamp Mug Notebook Pencil Shelf Kettle Rucksack Blanket Stool Bottle Mirror Carpet Clock Basket"
LOOKS = "blue green oak white black red walnut grey"
STATUSES = "delivered delivered delivered delivered delivered draft placed paid shipped cancelled"
CURRENCIES = "EUR EUR EUR USD GBP CHF"
COLUMNS = "(id, order_number, customer_name, total_amount, currency, status, note, created_at, updated_at, version)"


def orders(ground: Ground, rows: int) -> Site:
    """So many orders of no, one or two lines, each indexed: a site of this run that benchmarks share.

    Who changes it, changes it for those that come later: leave the number of orders as it was, and nothing waiting.
    """
    name = f"table-{rows}"
    if name not in ground.built:
        site = Site(ground, SYNC, name).create()
        fill(site, rows)
        site.manage("search_index", "--rebuild", "--verbosity", "0")
        ground.built[name] = site
    found: Site = ground.built[name]
    return found


def fill(site: Site, rows: int) -> None:
    """Put so many orders into an empty table. Nothing captures them: the index is for the caller to build."""
    statements = ["SELECT setseed(0.5)", "SET session_replication_role = replica", *lines(rows), *made(rows)]
    site.sql("; ".join(statements))
    site.sql("VACUUM ANALYZE orders_order, orders_orderline")


def lines(rows: int) -> list[str]:
    """Lines of orders that are yet to come: none for every third."""
    thing, look = one_of(THINGS), one_of(LOOKS)
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


def made(rows: int) -> list[str]:
    """The orders themselves, of the last two years; what the lines come to, or any amount without."""
    return [
        f"""
        INSERT INTO orders_order {COLUMNS}
        SELECT number, 'T-' || lpad(number::text, 8, '0'), {one_of(FIRSTS)} || ' ' || {one_of(LASTS)},
               coalesce(lines.total, round((5 + random() * 900)::numeric, 2)), {one_of(CURRENCIES)}, {one_of(STATUSES)},
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


def one_of(words: str) -> str:
    """SQL of any of these words."""
    chosen = words.split()
    return f"({chosen!r}::text[])[1 + floor(random() * {len(chosen)})::int]".replace("([", "(ARRAY[", 1)
