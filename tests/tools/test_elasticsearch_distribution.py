"""Elasticsearch's programs are built from two archives."""

import zipfile

import pytest

from tools import elasticsearch_distribution
from tools.elasticsearch_distribution import RELEASES
from tools.errors import ToolError


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Use a home folder and a cache of the test, without Maven."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tools.maven.shutil.which", lambda name: None)
    return tmp_path


def pack(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def pack_both(release, extra=None):
    core, modules = (artifact.path for artifact in release.artifacts)
    pack(core, {"es-8/bin/elasticsearch": "#!", "es-8/modules/own/a.jar": "core's"} | (extra or {}))
    pack(
        modules,
        {"sq/elasticsearch/modules/own/a.jar": "other's", "sq/elasticsearch/modules/more/b.jar": "b", "sq/x": ""},
    )


def test_the_core_gets_the_modules_that_it_does_not_include(home):
    pack_both(RELEASES["8.19.8"])
    programs = elasticsearch_distribution.install(RELEASES["8.19.8"])
    assert programs == home / "cache" / "order-service" / "elasticsearch" / "8.19.8"
    assert (programs / "modules" / "own" / "a.jar").read_text() == "core's"
    assert (programs / "modules" / "more" / "b.jar").read_text() == "b"
    assert (programs / "bin" / "elasticsearch").stat().st_mode & 0o777 == 0o755
    assert [path.name for path in programs.parent.iterdir()] == ["8.19.8"], "nothing is left of the building"


def test_what_is_built_is_used_without_the_archives(home):
    pack_both(RELEASES["8.19.8"])
    programs = elasticsearch_distribution.install(RELEASES["8.19.8"])
    for artifact in RELEASES["8.19.8"].artifacts:
        artifact.path.unlink()
    assert elasticsearch_distribution.install(RELEASES["8.19.8"]) == programs


def test_a_path_outside_of_the_archive_is_refused_and_nothing_is_built(home):
    pack_both(RELEASES["8.19.8"], {"../../out": "x"})
    with pytest.raises(ToolError, match="contains a path outside of it"):
        elasticsearch_distribution.install(RELEASES["8.19.8"])
    assert not elasticsearch_distribution.folder(RELEASES["8.19.8"]).exists()


def test_without_archives_and_maven_it_says_what_to_install(home):
    with pytest.raises(ToolError) as error:
        elasticsearch_distribution.install(RELEASES["9.4.3"])
    assert str(error.value) == (
        "Maven is needed to fetch Elasticsearch. Install it: apt-get install maven (or start Docker)"
    )
