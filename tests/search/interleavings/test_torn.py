"""C10: a document is one committed state, never a row of one moment with the children of another."""

import json

import pytest

from search.models import Entry
from tests.search.interleavings.ends import assert_quiet, drain_now
from tests.shop.documents import ItemDocument
from tests.shop.models import Item, Part
from tests.support import in_index

pytestmark = [pytest.mark.engine, pytest.mark.conformance]


def sent(operation):
    """Return the name and the parts of the document of an operation."""
    source = json.loads(operation.body.split(b"\n")[1])
    return source["name"], source["parts"]


def test_a_row_and_its_child_change_between_the_reads_of_both(indices, push, snapshot):
    item = Item.objects.create(name="old row")
    Part.objects.create(item=item, name="old child")
    drain_now()
    Item.objects.update(name="second row")
    late = push(Entry.objects.get().key).until("parts")
    Item.objects.update(name="third row")
    Part.objects.update(name="new child")
    (result,) = late.end()
    assert result.done
    (action,) = late.actions
    # The snapshot is why it is not torn; without it, the child's own entry corrects it.
    assert sent(action) == ("second row", ["old child" if snapshot else "new child"])
    assert next(iter(in_index(ItemDocument).values()))[1]["name"] == "second row"
    assert Entry.objects.count() == 1
    assert_quiet()
