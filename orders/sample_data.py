"""Sample orders: names in several scripts, lines, statuses, two years of months. The same seed makes the same."""

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

BATCH = 500  # orders
DAYS = 730  # over which they are spread, up to yesterday
CURRENCIES = ["EUR", "EUR", "EUR", "USD", "GBP", "CHF", "JPY"]
# By how often each is met: most orders have arrived.
STATUSES = [status for status in OrderStatus for _ in range(6 if status == OrderStatus.DELIVERED else 1)]
# First names, last names, and how they stand together.
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
THINGS = ["Chair", "Desk", "Lamp", "Mug", "Notebook", "Pencil case", "Shelf", "Kettle", "Rucksack", "Blanket"]
LOOKS = ["blue", "green", "oak", "white", "black", "red", "walnut", "grey"]
NOTES = [
    "",
    "",
    "",
    "Ring twice",
    "Leave it with the neighbour",
    "A present: no invoice, please",
    "Call before you come",
]


def sample(count: int, seed: int, now: datetime | None = None) -> Iterator[int]:
    """Make so many orders; gives how many there are after each batch. A second call goes on behind the first."""
    today = (now or timezone.now()).astimezone(UTC).date()
    first = _behind(seed)
    for start in range(0, count, BATCH):
        wanted = [_order(seed, at) for at in range(first + start, first + min(count, start + BATCH))]
        _keep(wanted, datetime.combine(today, time(), UTC))
        yield start + len(wanted)


def _behind(seed: int) -> int:
    """The place behind the last order of this seed."""
    prefix = _number(seed, 0)[:-7]
    last = Order.objects.filter(order_number__regex=rf"^{prefix}\d{{7}}$").aggregate(last=Max("order_number"))["last"]
    return int(last[-7:]) + 1 if last else 1


def _number(seed: int, at: int) -> str:
    return f"S{seed}-{at:07}"


@transaction.atomic
def _keep(wanted: list[dict[str, Any]], today: datetime) -> None:
    """Write a batch, and then when each was made: a new row is always made now."""
    ages = [fields.pop("age") for fields in wanted]
    orders = bulk.create(wanted)
    for order, age in zip(orders, ages, strict=True):
        order.created_at = today - age
    Order.objects.bulk_update(orders, ["created_at"])


def _order(seed: int, at: int) -> dict[str, Any]:
    """The fields of one order, and how long ago it was made."""
    random = Random(f"{seed} {at}")  # noqa: S311  # no secret
    lines = [_line(random, position) for position in range(1, random.choice([2, 2, 3, 4, 6]))]
    return {
        "order_number": _number(seed, at),
        "customer_name": _name(random),
        "total_amount": total_of(lines),
        "currency": random.choice(CURRENCIES),
        "status": random.choice(STATUSES),
        "note": random.choice(NOTES),
        "lines": lines,
        "age": timedelta(days=random.randrange(1, DAYS), seconds=random.randrange(86_400)),
    }


def _name(random: Random) -> str:
    firsts, lasts, together = random.choice(PEOPLE)
    return together.format(first=random.choice(firsts.split()), last=random.choice(lasts.split()))


def _line(random: Random, position: int) -> OrderLine:
    thing, look = random.randrange(len(THINGS)), random.randrange(len(LOOKS))
    return OrderLine(
        position=position,
        sku=f"{THINGS[thing][:3].upper()}-{thing * len(LOOKS) + look:03}",
        description=f"{THINGS[thing]}, {LOOKS[look]}",
        quantity=random.choice([1, 1, 1, 2, 3, 10]),
        unit_price=Decimal(random.randrange(199, 40_000)) / 100,
    )
