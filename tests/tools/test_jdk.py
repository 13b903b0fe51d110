"""The choice of a JDK."""

import pytest

from tools import jdk
from tools.errors import ToolError


@pytest.fixture
def jdks(tmp_path, monkeypatch):
    """Return a function that creates JDKs of these versions, the only ones on the machine."""
    monkeypatch.setattr(jdk, "FOLDERS", [f"{tmp_path}/*"])
    monkeypatch.setattr("tools.jdk.shutil.which", lambda name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("ES_JAVA_HOME", raising=False)

    def make(*versions, compiler=True):
        for version in versions:
            (tmp_path / version / "bin").mkdir(parents=True)
            (tmp_path / version / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\n')
            if compiler:
                (tmp_path / version / "bin" / "javac").touch()
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("least", "newest", "chosen"),
    [(17, False, "17.0.15"), (17, True, "25"), (18, False, "21.0.1"), (21, True, "25"), (25, False, "25")],
)
def test_the_oldest_suitable_or_the_newest(jdks, least, newest, chosen):
    home = jdks("1.8.0_402", "17.0.15", "21.0.1", "25")
    assert jdk.choose(least, newest) == home / chosen


def test_one_that_is_too_old_is_refused_with_the_package_to_install(jdks):
    jdks("11.0.2", "17.0.15")
    with pytest.raises(ToolError) as error:
        jdk.choose(21, newest=True)
    assert str(error.value) == "No JDK 21 or later was found. Install one: apt-get install openjdk-21-jdk-headless"


def test_a_runtime_without_compiler_is_no_jdk(jdks):
    jdks("17.0.15", compiler=False)
    assert jdk.installed() == {}


def test_java_home_is_considered(jdks, tmp_path, monkeypatch):
    home = jdks("21.0.1")
    monkeypatch.setattr(jdk, "FOLDERS", [])
    monkeypatch.setenv("JAVA_HOME", str(home / "21.0.1"))
    assert jdk.installed() == {21: home / "21.0.1"}
