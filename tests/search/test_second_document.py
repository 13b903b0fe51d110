"""A second model and its related rows are indexed once its document is registered."""

import pytest

from search.push.relay import Relay
from tests.shop.documents import ItemDocument
from tests.shop.models import Item, Part
from tests.support import assert_in_step, in_index

pytestmark = [pytest.mark.engine, pytest.mark.conformance, pytest.mark.usefixtures("patient_push")]


@pytest.fixture
def item(indices):
    return Item.objects.create(name="lamp")


def parts(item):
    """Return the item's parts in the index."""
    return in_index(ItemDocument)[str(item.pk)][1]["parts"]


def test_rows_are_indexed_on_save_and_removed_on_delete(item, answer):
    item.name = "big lamp"
    item.save()
    assert str(answer) == "indexed"
    assert in_index(ItemDocument)[str(item.pk)][1]["name"] == "big lamp"
    assert_in_step()
    item.delete()
    assert str(answer) == "indexed"
    assert in_index(ItemDocument) == {}


def test_a_change_of_a_related_row_reaches_the_document(item, answer):
    bulb = Part.objects.create(item=item, name="bulb")
    assert parts(item) == ["bulb"]
    bulb.name = "led"
    bulb.save()
    assert parts(item) == ["led"]
    bulb.delete()
    assert parts(item) == []
    assert str(answer) == "indexed"
    assert_in_step()


def test_a_related_row_that_moves_changes_both_documents(item):
    other = Item.objects.create(name="torch")
    bulb = Part.objects.create(item=item, name="bulb")
    bulb.item = other
    bulb.save()
    Relay().drain()  # the signal sees the new parent only; capture sees both
    assert (parts(item), parts(other)) == ([], ["bulb"])
    assert_in_step()


def test_bulk_changes_of_related_rows_are_pushed_by_the_relay(item):
    Part.objects.bulk_create([Part(item=item, name=name) for name in ("bulb", "shade")])
    Relay().drain()
    assert parts(item) == ["bulb", "shade"]
    Part.objects.filter(item=item).update(name="same")
    Relay().drain()
    assert parts(item) == ["same", "same"]
    assert_in_step()
