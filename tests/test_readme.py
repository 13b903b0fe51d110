"""README's session, line by line: a user gets the output that it shows, except for times and versions."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import checkout
from tests.checkout import Server, python_server
from tests.test_server import absent
from tools import ports

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(absent()), reason=absent())]
README = Path(__file__).resolve().parent.parent / "README.md"


def session():
    """Return each command of the session with its output."""
    (block,) = re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL)
    return [tuple(part.split("\n", 1)) for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part]


def normalized(text):
    """Return the text without what differs from run to run."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "MOMENT", text.strip())
    return re.sub(r"\d{16,20}", "NUMBER", text)


@pytest.fixture
def port():
    return ports.free()


@pytest.fixture
def server(tmp_path, port):
    server = Server(checkout.copy(tmp_path), python_server(port))
    server.wait_until_ready()
    yield server
    server.kill()


def test_the_session_is_what_a_user_gets(server, port):
    path = f"{Path(sys.executable).parent}:{checkout.environment()['PATH']}"  # as . .venv/bin/activate sets it
    results = [
        subprocess.run(
            ["bash", "-c", command.replace("curl", "curl -s").replace(":8000", f":{port}")],
            cwd=server.folder,
            env=checkout.environment() | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        for command, _ in session()
    ]
    assert [(done.returncode, done.stderr) for done in results] == [(0, "")] * 7
    assert [normalized(done.stdout) for done in results] == [normalized(shown) for _, shown in session()]
