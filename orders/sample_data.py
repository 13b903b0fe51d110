"""Sample orders: names in several scripts, lines, statuses, two years. The same seed creates the same orders."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from orders import bulk
from orders.models import Order, OrderLine, OrderStatus, total_of

BATCH_SIZE = 500  # orders
DAYS = 730  # before today, over which the orders are spread
CURRENCIES = ["EUR", "EUR", "EUR", "USD", "GBP", "CHF", "JPY"]
# Repeated by frequency: most orders are delivered.
STATUSES = [status for status in OrderStatus for _ in range(6 if status == OrderStatus.DELIVERED else 1)]
# First names, last names, and their order.
PEOPLE = [
    (
        "Anna Ben Clara Daniel Emily George Hannah Jack Olivia Thomas",
        "Brown Clark Evans Hill King Smith Walker",
        "{first} {last}",
    ),
    (
        "Björn Chloé François Jürgen Łukasz Máté Søren Zoë Žaneta",
        "Çelik Dvořák Ibáñez Jørgensen Müller Nowák",
        "{first} {last}",
    ),
    ("Алексей Дмитрий Екатерина Мария Ольга Сергей", "Иваненко Ковальчук Мельник Павленко Шевчук", "{first} {last}"),
    ("Αλέξανδρος Δημήτρης Ελένη Ιωάννα Νίκος", "Αγγελίδης Γεωργίου Νικολάου Παππάς", "{first} {last}"),
    ("أحمد خالد سارة فاطمة ليلى يوسف", "الحداد النجار الشامي المصري", "{first} {last}"),
    ("דוד יעל מיכל נועם תמר", "אברהם כהן לוי מזרחי פרץ", "{first} {last}"),
    ("अनीता अर्जुन दीपक प्रिया सुनील", "गुप्ता पटेल वर्मा शर्मा सिंह", "{first} {last}"),
    ("小明 建国 丽华 志强 美玲", "王 李 张 刘 陈", "{last}{first}"),
    ("太郎 花子 健一 美咲 結衣", "佐藤 鈴木 高橋 田中 渡辺", "{last} {first}"),
    ("민준 서연 지훈 하은 도윤", "김 이 박 최 정", "{last}{first}"),
]
ARTICLES = ["Chair", "Desk", "Lamp", "Mug", "Notebook", "Pencil case", "Shelf", "Kettle", "Rucksack", "Blanket"]
VARIANTS = ["blue", "green", "oak", "white", "black", "red", "walnut", "grey"]
NOTES = [
    "",
    "",
    "",
    "Ring twice",
    "Leave it with the neighbour",
    "A present: no invoice, please",
    "Call before you come",
]


def create_sample_orders(
    count: int, seed: int, *, now: datetime | None = None, batch_size: int = BATCH_SIZE
) -> Iterator[int]:
    """Create `count` orders after the last one of this seed; yield how many it has created after each batch."""
    today = datetime.combine((now or timezone.now()).astimezone(UTC).date(), time(), UTC)
    first = _next_index(seed)
    for start in range(0, count, batch_size):
        batch = [_order(seed, index) for index in range(first + start, first + min(count, start + batch_size))]
        _save(batch, today)
        yield start + len(batch)


def _next_index(seed: int) -> int:
    prefix = _number(seed, 0)[:-7]
    last = Order.objects.filter(order_number__regex=rf"^{prefix}\d{{7}}$").aggregate(last=Max("order_number"))["last"]
    return int(last[-7:]) + 1 if last else 1


def _number(seed: int, index: int) -> str:
    return f"S{seed}-{index:07}"


@transaction.atomic
def _save(batch: list[dict[str, Any]], today: datetime) -> None:
    ages = [fields.pop("age") for fields in batch]
    orders = bulk.create_orders(batch)  # with the current time as created_at, whatever is given
    for order, age in zip(orders, ages, strict=True):
        order.created_at = today - age
    Order.objects.bulk_update(orders, ["created_at"])


def _order(seed: int, index: int) -> dict[str, Any]:
    random = Random(f"{seed} {index}")  # noqa: S311  # not used for security
    lines = [_line(random, position) for position in range(1, random.choice([2, 2, 3, 4, 6]))]
    return {
        "order_number": _number(seed, index),
        "customer_name": _name(random),
        "total_amount": total_of(lines),
        "currency": random.choice(CURRENCIES),
        "status": random.choice(STATUSES),
        "note": random.choice(NOTES),
        "lines": lines,
        "age": timedelta(days=random.randrange(1, DAYS), seconds=random.randrange(86_400)),
    }


def _name(random: Random) -> str:
    first_names, last_names, full_name = random.choice(PEOPLE)
    return full_name.format(first=random.choice(first_names.split()), last=random.choice(last_names.split()))


def _line(random: Random, position: int) -> OrderLine:
    article, variant = random.randrange(len(ARTICLES)), random.randrange(len(VARIANTS))
    return OrderLine(
        position=position,
        sku=f"{ARTICLES[article][:3].upper()}-{article * len(VARIANTS) + variant:03}",
        description=f"{ARTICLES[article]}, {VARIANTS[variant]}",
        quantity=random.choice([1, 1, 1, 2, 3, 10]),
        unit_price=Decimal(random.randrange(199, 40_000)) / 100,
    )
