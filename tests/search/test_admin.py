"""The outbox, the indices and the relays in the admin: read-only, with replay and discard of dead letters."""

import re
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import Q
from django.test import Client
from django.utils import timezone

from search import admin
from search.models import Entry, EntryState, Index, IndexState, RelayProcess, VersionFloor

pytestmark = pytest.mark.django_db
OUTBOX = "/admin/search/entry/"


def entry(key, state=EntryState.DEAD, **values):
    now = timezone.now()
    moments = {"first_changed_at": now, "changed_at": now, "retry_at": now}
    return Entry.objects.create(key=key, version=7, token=uuid4(), state=state, **(moments | values))


@pytest.fixture
def outbox():
    """Two dead letters, one pending and one settling entry."""
    entry("orders.Order:1", last_error="document_parsing_exception: total_amount", attempts=3)
    entry("shop.Item:2", last_error="document_parsing_exception: name")
    entry("orders.Order:3", EntryState.PENDING)
    entry("orders.Order:4", EntryState.SETTLING, deleted=True)


@pytest.fixture
def superuser():
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def staff():
    """Return a function that logs in a staff user with these permissions, by codename."""

    def login(*codenames):
        user = User.objects.create_user("staff", is_staff=True)
        query = Q(codename__in=codenames, content_type__app_label="search")
        permissions = Permission.objects.filter(query)
        assert permissions.count() == len(codenames)
        user.user_permissions.set(permissions)
        client = Client()
        client.force_login(user)
        return client

    return login


def shown(response):
    """Return the keys that a list shows."""
    assert response.status_code == 200
    return re.findall(r'name="_selected_action" value="([^"]+)"', response.content.decode())


def listed(client, query=""):
    response = client.get(f"{OUTBOX}{query}")
    assert response.status_code == 200
    return sorted(row.key for row in response.context["cl"].result_list)


def offered(client):
    """Return the actions that the list offers."""
    form = client.get(OUTBOX).context["action_form"]
    return [name for name, _ in form.fields["action"].choices if name] if form else []


def act(client, action, *keys, **more):
    return client.post(OUTBOX, {"action": action, "_selected_action": keys} | more, follow=True)


def said(response):
    return [(message.level_tag, message.message) for message in response.context["messages"]]


def states():
    return dict(Entry.objects.values_list("key", "state"))


def test_the_outbox_is_listed_and_filtered_by_state_and_document(superuser, outbox):
    every = ["orders.Order:1", "orders.Order:3", "orders.Order:4", "shop.Item:2"]
    assert listed(superuser) == every
    assert listed(superuser, "?state__exact=dead") == ["orders.Order:1", "shop.Item:2"]
    assert listed(superuser, "?document=orders.Order") == every[:3]
    assert listed(superuser, "?document=orders.Order&state__exact=dead") == ["orders.Order:1"]
    assert listed(superuser, "?q=shop.Item:2") == ["shop.Item:2"]
    assert "document_parsing_exception: total_amount" in superuser.get(OUTBOX).content.decode()


def test_the_filter_offers_every_document(superuser, outbox):
    filters = {spec.title: spec for spec in superuser.get(OUTBOX).context["cl"].filter_specs}
    assert filters["document"].lookup_choices == [("orders.Order", "orders.Order"), ("shop.Item", "shop.Item")]
    assert set(filters) == {"state", "document"}


@pytest.mark.parametrize("what", ["entry", "index", "relayprocess"])
def test_nothing_can_be_added_changed_or_deleted(superuser, outbox, what):
    Index.objects.create(name="i", alias="a", state=IndexState.LIVE, fingerprint="f")
    RelayProcess.objects.create(name="host:1")
    pk = {"entry": "orders.Order_3A1", "index": "i", "relayprocess": "host_3A1"}[what]
    base = f"/admin/search/{what}/"
    assert superuser.get(base).status_code == 200
    assert superuser.get(f"{base}add/").status_code == 403
    assert superuser.get(f"{base}{pk}/change/").status_code == 200  # to look at
    assert superuser.post(f"{base}{pk}/change/", {"state": "pending", "name": "x"}).status_code == 403
    assert superuser.post(f"{base}{pk}/delete/", {"post": "yes"}).status_code == 403
    assert states()["orders.Order:1"] == "dead"
    assert (Index.objects.count(), RelayProcess.objects.count(), Entry.objects.count()) == (1, 1, 4)


def test_a_superuser_is_offered_both_actions(superuser, outbox):
    assert offered(superuser) == ["replay", "discard"]


def test_replay_lets_them_be_pushed_again(superuser, outbox):
    before = Entry.objects.get(key="orders.Order:1").token
    assert said(act(superuser, "replay", "orders.Order:1")) == [("success", "1 to be pushed again.")]
    replayed = Entry.objects.get(key="orders.Order:1")
    assert (replayed.state, replayed.attempts, replayed.last_error, replayed.token) == ("pending", 0, "", before)
    assert states()["shop.Item:2"] == "dead"


def test_discard_asks_for_confirmation_and_lists_the_entries(superuser, outbox):
    response = act(superuser, "discard", "orders.Order:1", "shop.Item:2")
    page = response.content.decode()
    assert response.status_code == 200
    assert "<li>orders.Order:1: document_parsing_exception: total_amount</li>" in page
    assert "<li>shop.Item:2: document_parsing_exception: name</li>" in page
    assert sorted(shown(response)) == ["orders.Order:1", "shop.Item:2"]
    assert len(states()) == 4


def test_discard_that_is_confirmed_deletes_the_entries(superuser, outbox):
    page = act(superuser, "discard", "orders.Order:1", "shop.Item:2")
    fields = dict(re.findall(r'<input type="hidden" name="(action|confirmed)" value="(\w+)">', page.content.decode()))
    assert fields == {"action": "discard", "confirmed": "yes"}
    done = act(superuser, fields["action"], *shown(page), confirmed=fields["confirmed"])
    assert said(done) == [("success", "2 discarded.")]
    assert states() == {"orders.Order:3": "pending", "orders.Order:4": "settling"}
    assert dict(VersionFloor.objects.values_list("model", "version")) == {"orders.Order": 7, "shop.Item": 7}


@pytest.mark.parametrize("action", ["replay", "discard"])
def test_a_selection_with_other_entries_changes_nothing(superuser, outbox, action):
    response = act(superuser, action, "orders.Order:1", "orders.Order:3", "orders.Order:4", confirmed="yes")
    assert said(response) == [("error", "2 of the selected entries are not dead letters.")]
    assert states()["orders.Order:1"] == "dead"
    assert len(states()) == 4


def test_a_dead_letter_that_a_change_has_replaced_is_reported(superuser, outbox, monkeypatch):
    monkeypatch.setattr(admin.EntryAdmin, "dead_keys", lambda self, request, queryset: ["orders.Order:3"])
    text = "No dead letter has this key. See `manage.py search_dead_letters list`. (orders.Order:3)"
    assert said(act(superuser, "replay", "orders.Order:3")) == [("error", text)]
    assert said(act(superuser, "discard", "orders.Order:3", confirmed="yes")) == [("error", text)]
    assert "orders.Order:3" not in shown(act(superuser, "discard", "orders.Order:3"))


def test_a_selection_that_is_too_large_is_refused(superuser, outbox, monkeypatch):
    monkeypatch.setattr(admin.EntryAdmin, "max_selected", 1)
    response = act(superuser, "discard", "orders.Order:1", "shop.Item:2", confirmed="yes")
    assert said(response) == [("error", "Select at most 1 entries, or use manage.py search_dead_letters with --all.")]
    assert len(states()) == 4


def test_staff_with_only_the_view_permission_has_no_actions(staff, outbox):
    client = staff("view_entry")
    assert len(listed(client)) == 4
    assert offered(client) == []
    for action in ("replay", "discard"):
        act(client, action, "orders.Order:1", confirmed="yes")
    assert states()["orders.Order:1"] == "dead"
    assert len(states()) == 4


@pytest.mark.parametrize(
    ("codename", "allowed", "refused"),
    [("replay_entry", "replay", "discard"), ("discard_entry", "discard", "replay")],
)
def test_each_action_has_a_permission_of_its_own(staff, outbox, codename, allowed, refused):
    client = staff("view_entry", codename)
    assert offered(client) == [allowed]
    act(client, refused, "orders.Order:1", confirmed="yes")
    assert states()["orders.Order:1"] == "dead"
    act(client, allowed, "orders.Order:1", confirmed="yes")
    assert states().get("orders.Order:1") == {"replay": "pending", "discard": None}[allowed]


def test_staff_without_any_permission_does_not_see_the_outbox(staff, outbox):
    client = staff()
    assert client.get(OUTBOX).status_code == 403
    assert act(client, "replay", "orders.Order:1").status_code == 403
    assert states()["orders.Order:1"] == "dead"


def test_an_anonymous_user_is_redirected_to_the_login(outbox):
    response = Client().post(OUTBOX, {"action": "replay", "_selected_action": ["orders.Order:1"]})
    assert (response.status_code, response["Location"]) == (302, f"/admin/login/?next={OUTBOX}")
    assert states()["orders.Order:1"] == "dead"
