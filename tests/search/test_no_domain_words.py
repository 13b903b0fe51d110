"""search knows nothing about what it indexes: its files have none of the shop's words."""

import re
from pathlib import Path

import pytest

import search

FOLDER = Path(search.__file__).parent
FILES = sorted(path for kind in ("py", "sql", "html", "md") for path in FOLDER.rglob(f"*.{kind}"))
WORDS = re.compile(
    r"(?<![A-Za-z])(?:[Oo]rders?|ORDERS?|[Cc]ustomers?|[Ss]kus?|SKUs?|[Aa]mounts?|[Cc]urrenc(?:y|ies))(?![a-z])"
)
# What "order" means in code and in English, apart from the shop's.
ALLOWED = [
    r"order_by|ORDER BY|order by|ordering",
    r'"order": "(?:asc|desc)"',
    r"[Ii]n (?!an )(?:[\w']+ ){0,2}order",  # in key order, in the relation's order, in no order
    r"[Tt]he order of",
]
ALLOWED_PHRASE = re.compile("|".join(f"(?<![a-zA-Z]){phrase}(?![a-zA-Z])" for phrase in ALLOWED))


def words_of(text: str) -> list[str]:
    """Return the lines that have a word of the shop."""
    return [
        f"{number}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), start=1)
        if WORDS.search(ALLOWED_PHRASE.sub("", line))
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_file_has_a_word_of_the_shop(path: Path) -> None:
    assert words_of(path.read_text()) == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("class OrderDocument", True),
        ("an order with its lines", True),
        ("customer_name = 1", True),
        ("total_amount", True),
        ("orders.models", True),
        ("SKU", True),
        ('queryset.order_by("pk")', False),
        ("rows in key order", False),
        ("what is in an order", True),
        ('{"_score": {"order": "asc"}}', False),
    ],
)
def test_what_is_a_word_of_the_shop(line: str, is_found: bool) -> None:
    assert bool(words_of(line)) is is_found
