"""The embedded engine's program: found, tried, refused where it must not or cannot run."""

import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from search import embedded
from search.exceptions import EmbeddedEngineMissing


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package noida_db whose program is this script."""
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


def test_the_command_runs_elasticsearch_alone_on_loopback(package):
    program = package("#!/bin/sh\nexit 0\n")
    assert embedded.command(12345, Path("/data")) == [
        str(program), "start", "--only", "elasticsearch",
        "--host", "127.0.0.1", "--elasticsearch-port", "12345", "--data-dir", "/data",
    ]  # fmt: skip


def test_a_program_that_the_systems_libraries_do_not_fit(package):
    package("#!/bin/sh\necho 'version GLIBC_2.39 not found' >&2\nexit 1\n")
    with pytest.raises(EmbeddedEngineMissing) as error:
        embedded.program()
    assert str(error.value) == f"{EmbeddedEngineMissing.__doc__} (version GLIBC_2.39 not found)"
    assert "Set ELASTICSEARCH_URL to a real one" in str(error.value)


def test_a_program_whose_loader_is_missing(package):
    """As on a system with musl: the file is there, and executing it says that it is not."""
    package("#!/lib/no-such-loader.so\n")
    with pytest.raises(EmbeddedEngineMissing, match="No such file"):
        embedded.program()


def test_a_package_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "noida_db", None)
    with pytest.raises(EmbeddedEngineMissing, match="noida-db is not installed"):
        embedded.program()


def test_it_is_refused_with_debug_off():
    with override_settings(DEBUG=False), pytest.raises(ImproperlyConfigured, match="Set ELASTICSEARCH_URL"):
        embedded.refuse_in_production()
    with override_settings(DEBUG=True):
        embedded.refuse_in_production()
