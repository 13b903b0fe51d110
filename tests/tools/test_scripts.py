"""The scripts are small, run by bash, and find a Python that is new enough."""

import os
import subprocess

import pytest

from tools.paths import ROOT

SCRIPTS = sorted((ROOT / "script").iterdir())


def run(*command, **environment):
    return subprocess.run(
        command, cwd=ROOT, env={"PATH": os.environ["PATH"]} | environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def pythons(tmp_path):
    """Return a function that creates a PATH with bash and Pythons that report their names."""

    def make(**versions):
        (tmp_path / "bash").symlink_to("/bin/bash")
        for name in ("env", "dirname"):
            (tmp_path / name).symlink_to(f"/usr/bin/{name}")
        for name, new_enough in versions.items():
            program = tmp_path / name.replace("_", ".")
            program.write_text(
                f'#!/bin/bash\n[ "$1" = -c ] && exit {0 if new_enough else 1}\necho {program.name} "$@"\n'
            )
            program.chmod(0o755)
        return str(tmp_path)

    return make


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_executable_and_short(path):
    assert os.access(path, os.X_OK)
    assert path.read_text().startswith("#!/usr/bin/env bash\n# ")
    assert len(path.read_text().splitlines()) < 20


def test_the_first_python_that_is_new_enough_is_taken(pythons):
    path = pythons(python3=False, python3_13=True, python3_12=True)
    assert run("script/python", "-m", "x", PATH=path).stdout == "python3.13 -m x\n"


def test_python3_itself_is_preferred(pythons):
    assert run("script/python", "y", PATH=pythons(python3=True, python3_13=True)).stdout == "python3 y\n"


def test_without_one_it_says_what_to_install(pythons):
    done = run("script/python", "y", PATH=pythons(python3=False))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Python 3.11 or later is needed and was not found.\n"
        "Install it: apt-get install python3 python3-venv (Debian 12, Ubuntu 24.04), or brew install python (macOS).\n"
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["script/elasticsearch", "up", "--version", "7.0.0"], "argument --version: invalid choice: '7.0.0'"),
        (["script/elasticsearch", "sideways"], "argument action: invalid choice: 'sideways'"),
        (["script/postgresql", "up", "--port", "many"], "argument --port: invalid int value: 'many'"),
    ],
)
def test_wrong_arguments_are_named(command, said):
    done = run(*command, HOME=os.environ["HOME"])
    assert done.returncode == 2
    assert said in done.stderr
