"""The commands need no rights beyond the pattern of their own indices and its template: tried with an API key."""

import base64
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools import cache, jdk, ports
from tools.elasticsearch import Server
from tools.elasticsearch_distribution import RELEASES, install
from tools.paths import ROOT

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.faults, pytest.mark.once, pytest.mark.timeout(400)]
ADMIN = base64.b64encode(b"admin:only for this test").decode()
# What docs/operations.md asks for. Elasticsearch cannot limit a right to templates to some of their names.
RIGHTS: dict[str, Any] = {
    "cluster": ["manage_index_templates", "monitor"],
    "indices": [{"names": ["shop-orders*"], "privileges": ["read", "write", "manage"]}],
}


class Secured(Server):
    """An Elasticsearch with security enabled."""

    def configure(self, programs: Path) -> None:
        super().configure(programs)
        config = self.home / "config"
        text = (config / "elasticsearch.yml").read_text()
        (config / "elasticsearch.yml").write_text(text.replace("security.enabled: false", "security.enabled: true"))
        for name in ("users", "users_roles"):
            (config / name).touch()
        cache.give_to_server_user(self.home)
        add = ["useradd", "admin", "-p", "only for this test", "-r", "superuser"]
        release = RELEASES[self.version]
        java = str(jdk.choose(release.least_jdk, release.newest_jdk))
        environment = {"PATH": os.environ["PATH"], "ES_PATH_CONF": str(config), "ES_JAVA_HOME": java}
        done = cache.run_unprivileged([str(programs / "bin" / "elasticsearch-users"), *add], env=environment)
        assert done.returncode == 0, done.stderr

    def answering_version(self) -> str | None:
        try:
            return str(self.call("GET", "/")["version"]["number"])
        except OSError:
            return None

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request as the administrator."""
        headers = {"Authorization": f"Basic {ADMIN}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def key(self, rights: dict[str, Any]) -> str:
        """Create an API key with these privileges."""
        return str(
            self.call("POST", "/_security/api_key", {"name": "ours", "role_descriptors": {"ours": rights}})["encoded"]
        )


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    port = ports.free()
    server = Secured("8.19.8", port, cache.folder("rights", str(port)), heap="512m")
    install(RELEASES["8.19.8"])
    try:
        server.start()
        yield server
    finally:
        server.remove()


class Project:
    """manage.py with a key, a prefix and a database of its own."""

    def __init__(self, server: Secured, key: str, folder: Path) -> None:
        self.environment = os.environ | {
            "ELASTICSEARCH_URL": server.url,
            "ELASTICSEARCH_API_KEY": key,
            "DATABASE_URL": f"sqlite:///{folder}/rights.sqlite3",
            "SEARCH_INDEX_PREFIX": "shop-",
            "DJANGO_EXTRA_APPS": "",
            "SEARCH_PUSH_TIMEOUT": "0.1",
        }

    def manage(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Return the exit code and all output."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(secured: Secured, tmp_path: Path) -> Project:
    """Migrate a project that has only these privileges, with three orders."""
    made = Project(secured, secured.key(RIGHTS), tmp_path)
    insert = (
        "from orders.models import Order; "
        "[Order.objects.create(order_number=str(n), customer_name='Ada', total_amount=n) for n in range(3)]"
    )
    for command in (["migrate", "-v", "0"], ["shell", "-c", insert]):
        code, said = made.manage(*command, SEARCH_PUSH="off")
        assert code == 0, said
    return made


ADOPTION = [
    ["search_index", "--adopt"],
    ["search_relay", "--drain"],
    ["search_index", "--rebuild"],
    ["search_index", "--check"],
    ["search_drift", "--deep", "--repair"],
    ["search_index", "--delete", "-f"],
]
EVERY_DAY = [
    ["search_index", "--create"],
    ["search_index", "--populate", "--refresh"],
    ["search_index", "--rebuild", "--standby"],
    ["search_index", "--rollback"],
    ["search_index", "--list"],
    ["search_index", "--prune", "--older-than", "0s"],
    ["search_index", "--delete", "-f"],
]


@pytest.mark.parametrize("steps", [ADOPTION, EVERY_DAY], ids=["adoption", "every day"])
def test_every_action_with_these_rights_alone(secured: Secured, project: Project, steps: list[list[str]]) -> None:
    if steps is ADOPTION:
        secured.call("PUT", "/shop-orders", {})
    for step in steps:
        code, said = project.manage(*step)
        refused = re.search(r"\b403\b", said)  # the moment in an index's name may hold these digits too
        assert (code, refused) == (0, None), f"{step}: {said}"


def test_nothing_else_is_allowed(secured: Secured, project: Project) -> None:
    """So that the test above shows something."""
    code, said = project.manage("search_index", "--create", SEARCH_INDEX_PREFIX="other-")
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith(
        "CommandError: Elasticsearch refused the request. Remove the cause that it gives, then try again. (403 "
    )


@pytest.mark.parametrize("left_out", ["manage_index_templates"])
def test_each_right_is_needed(secured: Secured, project: Project, tmp_path: Path, left_out: str) -> None:
    fewer = RIGHTS | {"cluster": [right for right in RIGHTS["cluster"] if right != left_out]}
    project.environment["ELASTICSEARCH_API_KEY"] = secured.key(fewer)
    code, said = project.manage("search_index", "--create")
    assert (code, said.count("\n")) == (1, 1)
    assert "403 security_exception" in said
