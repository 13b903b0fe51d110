"""The running service keeps what its description promises: asked by schemathesis, with all of its checks."""

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
    """The service with debug off: whoever calls it needs a token."""

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


def test_the_service_is_as_it_is_described(service: ClosedService, tmp_path: Path) -> None:
    token = Token.objects.create(user=User.objects.create_user("ann"))
    url = f"http://127.0.0.1:{service.port}"
    program = [
        str(Path(sys.executable).parent / "schemathesis"),
        "--config-file",
        str(ROOT / "tests/schemathesis.toml"),
    ]
    options = ["--checks", "all", "--header", f"Authorization: Token {token}", "--no-color"]
    done = subprocess.run(
        [*program, "run", f"{url}/api/schema?format=json", *options],
        cwd=tmp_path,  # where it leaves what failed
        env=os.environ | {"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks"},
        capture_output=True,
        text=True,
        check=False,
    )
    (tmp_path / "schemathesis.log").write_text(done.stdout)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr + service.logs()
