"""500 orders, always the same: 36 that the table of relevance names, in several scripts, among 464 of every day."""

from datetime import UTC, datetime, timedelta
from typing import Any

BEGINNING = datetime(2025, 1, 1, 8, tzinfo=UTC)
Source = dict[str, Any]

# number: customer, note, lines (sku, description)
NAMED: dict[str, tuple[str, str, list[tuple[str, str]]]] = {
    "ORD-1001": ("Jane Doe", "", [("LMP-100", "Desk lamp, brass")]),
    "ORD-1002": ("John Doe", "ring twice", [("CHR-200", "Oak chair")]),
    "ORD-1003": ("Janet Doerr", "", [("LMP-100", "Desk lamp, brass"), ("BLB-9", "Light bulb E27")]),
    "ORD-1004": ("José García", "", [("TBL-7", "Kitchen table")]),
    "ORD-1005": ("Jose\u0301 Marti\u0301nez", "", [("TBL-7", "Kitchen table")]),
    "ORD-1006": ("Garcia & Sons", "attn. José", [("CHR-200", "Oak chair")]),
    "ORD-1007": ("François Lefèvre", "", [("VAS-1", "Vase à fleurs")]),
    "ORD-1008": ("Jürgen Groß", "", [("SHF-3", "Bücherregal")]),
    "ORD-1009": ("Łukasz Żółć", "", [("SHF-3", "Bücherregal")]),
    "ORD-1010": ("Nguyễn Thị Ánh", "", [("VAS-1", "Vase à fleurs")]),
    "ORD-1011": ("Ægir Þór", "", [("RUG-5", "Wool rug")]),
    "ORD-1012": ("Пётр Чайковский", "", [("PNO-1", "Рояль")]),
    "ORD-1013": ("Анна Каренина", "позвонить заранее", [("LMP-100", "Настольная лампа")]),
    "ORD-1014": ("Γιώργος Σεφέρης", "", [("VAS-1", "Βάζο")]),
    "ORD-1015": ("ΜΑΡΙΑ ΚΑΛΛΑΣ", "", [("RUG-5", "Χαλί")]),  # noqa: RUF001
    "ORD-1016": ("田中太郎", "", [("CHR-200", "木の椅子")]),
    "ORD-1017": ("田中花子", "", [("LMP-100", "デスクランプ")]),
    "ORD-1018": ("中田英寿", "", [("TBL-7", "台所のテーブル")]),
    "ORD-1019": ("王小明", "请下午送货", [("LMP-100", "台灯")]),
    "ORD-1020": ("スズキ ﾊﾅｺ", "", [("RUG-5", "ラグ")]),
    "ORD-1021": ("محمد علي", "", [("RUG-5", "سجادة")]),
    "ORD-1022": ("مُحَمَّد أحمد", "", [("VAS-1", "مزهرية")]),
    "ORD-1023": ("O'Brien, Anna-Lena", "", [("CHR-200", "Oak chair")]),
    "ORD-1024": ("Zephyrine Quill", "leave at the back door", [("KEY-44/B", "Brass key")]),
    "ORD-1025": ("Zachary Lamp", "", [("TBL-7", "Kitchen table")]),
    "ORD-1026": ("Back Door Ltd", "", [("KEY-44/B", "Brass key")]),
    "ORD-1027": ("Door Back Inc", "", [("KEY-45", "Steel key")]),
    "ORD-1028": ("Montgomery Featherstone", "", [("UMB-1", "Umbrella stand")]),
    "ORD-1029": ("Featherstonehaugh Cholmondeley", "", [("UMB-1", "Umbrella stand")]),
    "ORD-1030": ("Schmidt", "", [("SHF-3", "Bookshelf")]),
    "ORD-1031": ("Schmitt", "", [("SHF-3", "Bookshelf")]),
    "ORD-10010": ("Last of the tens", "see ORD-1001", [("BLB-9", "Light bulb E27")]),
    "2026/77 b": ("Spaces in Numbers", "", [("BLB-9", "Light bulb E27")]),
    "WEB*1?": ("Wild Cards", "50% <b>off</b> & more", [("C++", "C++ handbook")]),
    "ORD-1034": ("Emoji 😀 Smith", "", [("BLB-9", "Light bulb E27")]),
    "ORD-1035": ("김철수", "", [("CHR-200", "의자")]),
}
FIRST = [
    "Alice",
    "Bruno",
    "Clara",
    "David",
    "Emma",
    "Felix",
    "Grace",
    "Henrik",
    "Ines",
    "Karl",
    "Laura",
    "Marco",
    "Nina",
]
LAST = [
    "Walker",
    "Rossi",
    "Novak",
    "Andersen",
    "Dubois",
    "Keller",
    "Silva",
    "Murphy",
    "Peeters",
    "Virtanen",
    "Kowalska",
]
GOODS = [("PEN-1", "Ballpoint pen"), ("INK-2", "Blue ink"), ("PAP-3", "Paper, 500 sheets"), ("CUP-4", "Coffee cup")]
STATUSES = ["draft", "placed", "paid", "shipped", "delivered", "cancelled"]
CURRENCIES = ["EUR", "USD", "CHF", "JPY", "EUR"]


def line(sku: str, description: str) -> Source:
    return {"sku": sku, "description": description, "quantity": 1, "unit_price": 5.0}


def source(at: int, number: str, customer: str, note: str, lines: list[tuple[str, str]]) -> Source:
    """Return the document of the order at position `at`, from 1. An order is created each day."""
    moment = (BEGINNING + timedelta(days=at)).isoformat()
    return {
        "id": at,
        "order_number": number,
        "customer_name": customer,
        "note": note,
        "lines": [line(*each) for each in lines],
        "total_amount": at * 37 % 1200 + 0.5,
        "status": STATUSES[at % len(STATUSES)],
        "currency": CURRENCIES[at % len(CURRENCIES)],
        "created_at": moment,
        "updated_at": moment,
        "version": at,
    }


def five_hundred() -> list[Source]:
    """All of them, the named ones first, so that they are the oldest."""
    named = [(number, *rest) for number, rest in NAMED.items()]
    many = [
        (f"INV-{at:05}", f"{FIRST[at % len(FIRST)]} {LAST[at % len(LAST)]}", "", [GOODS[at % len(GOODS)]])
        for at in range(500 - len(named))
    ]
    return [source(at, *each) for at, each in enumerate([*named, *many], start=1)]
