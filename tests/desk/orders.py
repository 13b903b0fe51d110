"""Orders for the pages, the same in every run: customers in several scripts, over two years, in all statuses."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from orders.models import Order, OrderLine, OrderStatus, total_of

LATEST = datetime(2026, 11, 20, 16, 45, tzinfo=UTC)
CUSTOMERS = [
    "Jane Doe",
    "José García",
    "Jürgen Groß",
    "Łukasz Żółć",
    "Nguyễn Thị Ánh",
    "Анна Каренина",
    "Γιώργος Σεφέρης",
    "Նարե Պետրոսյան",
    "ნინო ბერიძე",
    "רות כהן",
    "محمد علي",
    "Alice Walker",
    "Bruno Rossi",
    "Clara Novak",
    "Henrik Andersen",
    "Ines Dubois",
    "Karl Keller",
    "Featherstone & Sons",
    "O'Brien, Anna-Lena",
    "Zephyrine Quill",
]
GOODS = [
    ("LMP-100", "Desk lamp, brass", "89.00"),
    ("CHR-200", "Oak chair", "149.50"),
    ("TBL-7", "Kitchen table", "620.00"),
    ("BLB-9", "Light bulb E27", "4.95"),
    ("VAS-1", "Vase à fleurs", "38.20"),
    ("SHF-3", "Bücherregal", "275.00"),
    ("RUG-5", "Wool rug", "410.00"),
    ("KEY-44/B", "Brass key", "12.40"),
]
NOTES = ["", "", "", "", "Leave at the back door", "Gift, please wrap", "Call before delivery"]
STATUSES = [status.value for status in OrderStatus]
CURRENCIES = ["EUR"] * 6 + ["USD"] * 2 + ["GBP", "CHF", "JPY"]


def make_orders(count: int, seed: int = 7) -> list[Order]:
    """Create `count` orders with lines, of which D-1001 is the oldest."""
    random = Random(seed)
    pairs = [_order(index, count, random) for index in range(count)]
    created = Order.objects.bulk_create(order for order, _ in pairs)
    OrderLine.objects.bulk_create(line for _, lines in pairs for line in lines)
    for order, created_at in zip(created, _creation_times(count, random), strict=True):
        order.created_at = order.updated_at = created_at  # bulk_create() has set the current time
    Order.objects.bulk_update(created, ["created_at", "updated_at"], batch_size=500)
    return created


def _order(index: int, count: int, random: Random) -> tuple[Order, list[OrderLine]]:
    order = Order(order_number=f"D-{1001 + index}", customer_name=random.choice(CUSTOMERS), note=random.choice(NOTES))
    lines = [_line(order, position, random) for position in range(1, random.choice([1, 1, 2, 3, 5]) + 1)]
    order.total_amount, order.currency = total_of(lines), random.choice(CURRENCIES)
    is_recent = index > count * 0.9
    order.status = random.choices(STATUSES, [1, 4, 4, 3, 1, 1] if is_recent else [0, 0, 1, 2, 12, 1])[0]
    return order, lines


def _line(order: Order, position: int, random: Random) -> OrderLine:
    sku, description, price = random.choice(GOODS)
    quantity = random.choice([1, 1, 1, 2, 4, 12])
    return OrderLine(
        order=order, position=position, sku=sku, description=description, quantity=quantity, unit_price=Decimal(price)
    )


def _creation_times(count: int, random: Random) -> list[datetime]:
    """Return times within two years, with more orders in later months."""
    ages = sorted((random.random() ** 1.7 for _ in range(count)), reverse=True)
    return [LATEST - timedelta(days=700 * age) for age in ages]
