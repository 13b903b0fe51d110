"""Dead letters: found by key, replayed, discarded without forgetting what their entries knew of the version."""

import pytest

from search.exceptions import NotADeadLetter
from search.models import Entry, VersionFloor
from search.outbox import dead_letters
from tests.search.outbox_help import age, make, row, seconds_until
from tests.shop.models import Item

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def keys(settings):
    """Two dead letters, the second one older, and one pending entry."""
    settings.SEARCH_PUSH = "off"
    found = make(3)
    age(found[1], 600)
    Entry.objects.filter(key__in=found[:2]).update(state="dead", attempts=3, last_error="mapper_parsing_exception")
    return found


def test_all_the_oldest_first(keys):
    assert [entry.key for entry in dead_letters.find(None, "default")] == [keys[1], keys[0]]


def test_by_key(keys):
    assert [entry.key for entry in dead_letters.find([keys[0]], "default")] == [keys[0]]


@pytest.mark.parametrize("move", [dead_letters.find, dead_letters.replay, dead_letters.discard])
def test_a_key_of_no_dead_letter_is_named_and_nothing_moves(keys, move):
    before = list(Entry.objects.order_by("key").values())
    with pytest.raises(NotADeadLetter) as error:
        move([keys[0], keys[2]], "default")
    assert error.value.detail == keys[2]
    assert list(Entry.objects.order_by("key").values()) == before


def test_a_replay_makes_them_due_now(keys):
    assert dead_letters.replay(None, "default") == 2
    for key in keys[:2]:
        found = row(key)
        assert (found["state"], found["attempts"], found["last_error"]) == ("pending", 0, "")
        assert -60 < seconds_until(found["retry_at"]) <= 0
    assert dead_letters.replay(None, "default") == 0


def test_a_discard_forgets_them_and_keeps_versions_growing(keys):
    version = row(keys[0])["version"]
    assert dead_letters.discard([keys[0]], "default") == 1
    assert set(Entry.objects.values_list("key", flat=True)) == set(keys[1:])
    assert list(VersionFloor.objects.values_list("model", "version")) == [("shop.Item", version)]


def test_a_discard_never_lowers_the_floor(keys):
    VersionFloor.objects.create(model="shop.Item", version=2**60)
    assert dead_letters.discard(None, "default") == 2
    assert VersionFloor.objects.get().version == 2**60


def test_a_change_of_the_row_replaces_a_dead_letter(keys):
    Item.objects.filter(pk=keys[0].partition(":")[2]).update(name="fixed")
    assert (row(keys[0])["state"], row(keys[0])["last_error"]) == ("pending", "")
