"""The embedded engine's program: found, tried, and refused where it must not or cannot run."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import embedded_engine, server
from tools.embedded_engine import MISSING
from tools.errors import ToolError


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that creates a package noida_db whose program is a script."""
    (tmp_path / "noida_db").mkdir()
    (tmp_path / "noida_db" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "noida_db", raising=False)

    def make(script):
        path = tmp_path / "noida_db" / "noida-db"
        path.write_text(script)
        path.chmod(0o755)
        return path

    return make


class RecordingSupervisor:
    """A supervisor that only records what it is to start."""

    def __init__(self):
        self.started = []

    def start(self, name, command, log=None):
        self.started.append(command)


@pytest.fixture
def supervisor(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "ROOT", tmp_path)
    return RecordingSupervisor()


def test_the_command_runs_elasticsearch_alone_on_loopback(package):
    program = package("#!/bin/sh\nexit 0\n")
    assert embedded_engine.command(12345, Path("/data")) == [
        str(program), "start", "--only", "elasticsearch",
        "--host", "127.0.0.1", "--elasticsearch-port", "12345", "--data-dir", "/data",
    ]  # fmt: skip


def test_a_program_that_the_systems_libraries_do_not_fit(package):
    package("#!/bin/sh\necho 'version GLIBC_2.39 not found' >&2\nexit 1\n")
    with pytest.raises(ToolError) as error:
        embedded_engine.program()
    assert str(error.value) == f"{MISSING} (version GLIBC_2.39 not found)"
    assert "Set ELASTICSEARCH_URL to a real one" in str(error.value)


def test_a_program_whose_loader_is_missing(package):
    """As on a system with musl: the file exists, and executing it says that it does not."""
    package("#!/lib/no-such-loader.so\n")
    with pytest.raises(ToolError, match="No such file"):
        embedded_engine.program()


def test_a_package_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "noida_db", None)
    with pytest.raises(ToolError, match="noida-db is not installed"):
        embedded_engine.program()


def test_the_server_starts_it_with_its_data_in_var(package, supervisor, tmp_path):
    package("#!/bin/sh\nexit 0\n")
    server.start_embedded_engine(supervisor, SimpleNamespace(DEBUG=True, EMBEDDED_ENGINE_PORT=12345))
    assert supervisor.started == [embedded_engine.command(12345, tmp_path / "var" / "embedded")]
    assert (tmp_path / "var" / "embedded").is_dir()


def test_the_server_refuses_it_with_debug_off(package, supervisor):
    package("#!/bin/sh\nexit 0\n")
    with pytest.raises(ToolError, match="Set ELASTICSEARCH_URL"):
        server.start_embedded_engine(supervisor, SimpleNamespace(DEBUG=False, EMBEDDED_ENGINE_PORT=12345))
    assert supervisor.started == []


def test_the_server_says_in_one_line_where_it_cannot_run(monkeypatch, supervisor):
    monkeypatch.setitem(sys.modules, "noida_db", None)
    with pytest.raises(ToolError) as error:
        server.start_embedded_engine(supervisor, SimpleNamespace(DEBUG=True, EMBEDDED_ENGINE_PORT=12345))
    assert str(error.value).startswith(MISSING)
    assert supervisor.started == []
