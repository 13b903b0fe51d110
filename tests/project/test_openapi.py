"""The OpenAPI schema, and the page that shows it."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from rest_framework.permissions import IsAuthenticated

from project.api_docs import DocsView, SchemaView
from tests.errors import error
from tools.paths import ROOT

OPERATIONS = {
    "/orders/": {"get", "post"},
    "/orders/bulk": {"post"},
    "/orders/create": {"post"},
    "/orders/search": {"get"},
    "/orders/search/export": {"get"},
    "/orders/suggest": {"get"},
    "/orders/update/{id}/": {"put", "patch"},
    "/orders/{id}/": {"get", "put", "patch", "delete"},
    "/orders/{id}/search-status": {"get"},
}
ERROR_PROPERTIES = ({"type", "errors"}, {"code", "detail", "attr"})


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def described(client: Client) -> dict[str, Any]:
    """Return the schema."""
    answer: dict[str, Any] = client.get("/api/schema?format=json").json()
    return answer


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def error_properties(described: dict[str, Any], schema: dict[str, str]) -> tuple[set[str], set[str]]:
    """Return the required properties of an error response, and those of each of its errors."""
    response = resolve(described, schema)
    error = resolve(described, response["properties"]["errors"]["items"])
    assert set(response["required"]) == set(response["properties"])
    assert set(error["required"]) == set(error["properties"])
    return set(response["properties"]), set(error["properties"])


def resolve(described: dict[str, Any], reference: dict[str, str]) -> dict[str, Any]:
    schema: dict[str, Any] = described["components"]["schemas"][reference["$ref"].rpartition("/")[2]]
    return schema


def test_every_operation_is_there_and_has_a_unique_id(described: dict[str, Any]) -> None:
    assert {path: set(methods) for path, methods in described["paths"].items()} == OPERATIONS
    names = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(names) == len(set(names)) == 14


def test_every_error_has_the_one_shape_and_an_example(described: dict[str, Any]) -> None:
    for path, method, operation in operations(described):
        assert {"401", "403", "406"} <= set(operation["responses"]), (path, method)
        for status, answer in operation["responses"].items():
            if status >= "400" and not path.endswith("search-status"):
                content = answer["content"]["application/json"]
                assert error_properties(described, content["schema"]) == ERROR_PROPERTIES, (path, method, status)
                assert content["examples"], (path, method, status)


def test_every_write_has_the_search_status(described: dict[str, Any]) -> None:
    for path, method, operation in operations(described):
        names = {parameter["name"] for parameter in operation["parameters"]}
        headers = {name for answer in operation["responses"].values() for name in answer.get("headers", {})}
        assert ("refresh" in names) == ("X-Search-Status" in headers) == (method != "get"), (path, method)


@pytest.mark.parametrize(
    ("path", "method", "status", "headers"),
    [
        ("/orders/create", "post", "201", {"ETag", "Location", "X-Search-Status"}),
        ("/orders/{id}/", "get", "200", {"ETag"}),
        ("/orders/{id}/", "get", "304", {"ETag"}),
        ("/orders/{id}/", "patch", "200", {"ETag", "X-Search-Status"}),
        ("/orders/{id}/", "delete", "204", {"X-Search-Status"}),
        ("/orders/search", "get", "200", {"X-Search-Fresh"}),
        ("/orders/search", "get", "503", {"X-Search-Fresh", "Retry-After"}),
    ],
)
def test_headers(described: dict[str, Any], path: str, method: str, status: str, headers: set[str]) -> None:
    assert set(described["paths"][path][method]["responses"][status]["headers"]) == headers


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_preconditions(described: dict[str, Any], method: str) -> None:
    operation = described["paths"]["/orders/{id}/"][method]
    assert {"If-Match", "If-None-Match"} <= {parameter["name"] for parameter in operation["parameters"]}
    assert "412" in operation["responses"]


def test_many_orders_are_an_array_or_lines(described: dict[str, Any]) -> None:
    content = described["paths"]["/orders/bulk"]["post"]["requestBody"]["content"]
    many = {"type": "array", "items": {"$ref": "#/components/schemas/OrderRequest"}, "minItems": 1, "maxItems": 1000}
    assert {media_type: body["schema"] for media_type, body in content.items()} == {
        "application/json": many,
        "application/x-ndjson": many,
    }


def test_the_version_is_the_project_version(described: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert described["info"]["version"] == project["version"]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/vnd.oai.openapi"),
        ("application/json", "application/json"),
        ("application/yaml", "application/yaml"),
    ],
)
def test_yaml_or_json(client: Client, accept: str, content_type: str) -> None:
    response = client.get("/api/schema", headers={"accept": accept})
    assert (response.status_code, response["Content-Type"].split(";")[0]) == (200, content_type)
    text = response.content.decode()
    version = json.loads(text)["openapi"] if content_type == "application/json" else text.splitlines()[0]
    assert version.removeprefix("openapi: ") == "3.0.3"


def test_the_page_loads_nothing_from_other_hosts(client: Client) -> None:
    response = client.get("/api/docs")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', response.content.decode())
    assert response.status_code == 200
    assert len(addresses) >= 4
    for address in addresses:
        assert address.startswith("/"), address
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), address
    script = client.get("/api/docs?script=")
    assert (script.status_code, "/api/schema" in script.content.decode()) == (200, True)
    assert "://" not in script.content.decode()


@pytest.mark.slow
def test_the_page_s_files_are_served_with_debug_off(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.DEBUG = settings.WHITENOISE_USE_FINDERS = False
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", verbosity=0, interactive=False)
    page = client.get("/api/docs").content.decode()
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        response = client.get(address)
        assert response.status_code == 200, address
        response.close()


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """Require a login, as without DEBUG."""
    for view in (SchemaView, DocsView):
        monkeypatch.setattr(view, "permission_classes", [IsAuthenticated])


@pytest.mark.usefixtures("closed")
def test_without_login_the_page_redirects(client: Client) -> None:
    response = client.get("/api/docs")
    assert (response.status_code, response["Location"].split("?")[1]) == (302, "next=/api/docs")
    described = client.get("/api/schema?format=json")
    assert (described.status_code, described.json()) == (
        401,
        error("not_authenticated", "Authentication credentials were not provided."),
    )


@pytest.mark.usefixtures("closed")
def test_with_login_both_are_shown(client: Client) -> None:
    client.force_login(User.objects.create_user("ann"))
    assert client.get("/api/docs").status_code == 200
    assert client.get("/api/schema").status_code == 200
