"""Copied into the other project and run there: `steps.py PACKAGE STEP`. Prints one JSON document.

PACKAGE is the name of the copy of search/.
"""

import doctest
import importlib
import json
import os
import pkgutil
import sys
from typing import Any

import django

AT_START = set(sys.modules)  # an installation may import some for itself
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
django.setup()

from django.apps import apps  # noqa: E402  # only a configured Django has apps
from elasticsearch.dsl.connections import connections  # noqa: E402

PACKAGE = sys.argv[1]
Item: Any = apps.get_model("shop", "Item")
Part: Any = apps.get_model("shop", "Part")


def alias() -> str:
    """Return the name of the items' alias."""
    (document,) = importlib.import_module(f"{PACKAGE}.mapping.registry").documents()
    return str(document._index._name)


def save() -> object:
    """Create, change and delete rows; return the names that a plain search then finds, with their parts."""
    lamp, table = (Item.objects.create(name=name) for name in ("lamp", "table"))
    Part.objects.create(item=lamp, name="bulb")
    table.delete()
    lamp.name = "floor lamp"
    lamp.save()
    return find(lamp.name)


def find(name: str) -> list[dict[str, Any]]:
    """Search the index by Elasticsearch's own client."""
    client = connections.get_connection()
    client.indices.refresh(index=alias())
    response = client.search(index=alias(), query={"term": {"name": name}})
    return [{field: hit["_source"][field] for field in ("name", "parts")} for hit in response["hits"]["hits"]]


def damage() -> object:
    """Delete one document behind the back of the service; return how many there were."""
    client = connections.get_connection()
    hits = client.search(index=alias(), size=100)["hits"]["hits"]
    client.delete(index=alias(), id=hits[0]["_id"], refresh=True)
    return len(hits)


def session() -> None:
    """Run the shell session in the standard input; exit with 1 where it prints something else than it shows."""
    test = doctest.DocTestParser().get_doctest(sys.stdin.read(), {}, "session", None, 0)
    if doctest.DocTestRunner().run(test, out=sys.stderr.write).failed:
        sys.exit(1)


def delete_all() -> object:
    """Delete all items; return how many rows that deleted."""
    return Item.objects.all().delete()[0]


def search() -> object:
    """Create rows; return what the views of search.query answer about them."""
    for name, parts in {"oak chair": ["leg", "seat"], "oak table": ["leg"], "umbrella stand": []}.items():
        item = Item.objects.create(name=name)
        for part in parts:
            Part.objects.create(item=item, name=part)
    connections.get_connection().indices.refresh(index=alias())
    highlighted = get_json("/items/search", q="oak -table", highlight="true", fields="name")
    page = get_json("/items/search", sort="-name", page_size=2, facets="part")
    return {
        "highlights": [hit["highlight"] for hit in highlighted["results"]],
        "first page": names(page),
        "second page": names(get_json(page["next"])),
        "facets": page["facets"],
        "filtered": names(get_json("/items/search", part="seat")),
        "did you mean": get_json("/items/search", q="umbrela")["did_you_mean"],
        "suggestions": get_json("/items/suggest", q="umb")["names"],
        "export": get("/items/export", format="csv", fields="name").getvalue().decode().splitlines(),
    }


def get(url: str, **params: Any) -> Any:
    """Request a page of this project."""
    from django.test import Client

    response = Client(headers={"host": "localhost"}).get(url, params or None)
    assert response.status_code == 200, response.content
    return response


def get_json(url: str, **params: Any) -> Any:
    return get(url, **params).json()


def names(answer: dict[str, Any]) -> list[str]:
    return [hit["name"] for hit in answer["results"]]


def admin_actions() -> object:
    """Return the actions that the admin offers a user who may replay dead letters, and no more than that."""
    from django.contrib.admin import site
    from django.contrib.auth.models import Permission, User
    from django.test import RequestFactory

    entry = apps.get_model(PACKAGE, "Entry")
    request = RequestFactory().get("/")
    request.user = User.objects.create_user("operator", is_staff=True)
    request.user.user_permissions.set(Permission.objects.filter(codename__in=["view_entry", "replay_entry"]))
    return sorted(site.get_model_admin(entry).get_actions(request))


def modules(*, query: bool) -> object:
    """Import all modules of the copy, its query half or all the rest; return the names of all that this imported."""
    package = importlib.import_module(PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        if ".migrations" not in module.name and query == module.name.startswith(f"{PACKAGE}.query"):
            importlib.import_module(module.name)
    return sorted({name.split(".")[0] for name in sys.modules.keys() - AT_START})


STEPS = {
    "save": save,
    "damage": damage,
    "session": session,
    "delete_all": delete_all,
    "search": search,
    "admin_actions": admin_actions,
    "modules": lambda: modules(query=False),
    "query_modules": lambda: modules(query=True),
}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[2]]()))
