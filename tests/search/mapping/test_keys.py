"""A key's text is what the triggers write."""

from uuid import UUID

import pytest
from django.db import connection

from orders.models import Order
from search.mapping.keys import Key, sqlite_uuid_text


def test_a_key_is_the_models_label_and_the_primary_key():
    assert str(Key.of(Order(pk=17))) == "orders.Order:17"


def test_a_key_with_colons_is_parsed():
    assert Key.parse("shop.Item:a:b") == Key("shop.Item", "a:b")


def test_a_key_knows_its_model():
    assert Key.parse("orders.Order:17").model is Order


def test_a_uuid_has_its_dashes():
    assert str(Key("shop.Item", str(UUID(int=1)))) == "shop.Item:00000000-0000-0000-0000-000000000001"


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQL of SQLite")
def test_sqlite_uuid_text():
    key = UUID(int=2**127 + 17)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sqlite_uuid_text('%s')}", [key.hex] * 5)
        assert cursor.fetchone() == (str(key),)
