"""The running service conforms to its OpenAPI schema: all checks of schemathesis."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token

from tests.faults.service import Service
from tools.http_messages import Request, ask
from tools.paths import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.engine, pytest.mark.real, pytest.mark.postgres, pytest.mark.timeout(900)]


class ClosedService(Service):
    """The service without DEBUG: every call needs a token."""

    def answers(self) -> bool:
        try:
            return ask("127.0.0.1", self.port, Request("GET", "/orders/", [], b""), timeout=5).status == 401
        except OSError:
            return False


@pytest.fixture
def service(indices: object, tmp_path: Path) -> Iterator[ClosedService]:
    closed = {
        "DJANGO_DEBUG": "off",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
        "DJANGO_SETTINGS_MODULE": "tests.schemathesis_settings",
    }
    with ClosedService(os.environ["ELASTICSEARCH_URL"], tmp_path, relay=False, **closed) as service:
        yield service


def test_the_service_conforms_to_its_schema(service: ClosedService, tmp_path: Path) -> None:
    token = Token.objects.create(user=User.objects.create_user("ann"))
    url = f"http://127.0.0.1:{service.port}"
    program = [
        str(Path(sys.executable).parent / "schemathesis"),
        "--config-file",
        str(ROOT / "tests/schemathesis.toml"),
    ]
    options = ["--checks", "all", "--header", f"Authorization: Token {token}", "--no-color"]
    result = subprocess.run(
        [*program, "run", f"{url}/api/schema?format=json", *options],
        cwd=tmp_path,  # where it saves failures
        env=os.environ | {"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks"},
        capture_output=True,
        text=True,
        check=False,
    )
    (tmp_path / "schemathesis.log").write_text(result.stdout)
    assert result.returncode == 0, result.stdout[-20_000:] + result.stderr + service.logs()
