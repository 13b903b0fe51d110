"""PostgreSQL's programs are unpacked from an archive of Maven Central."""

import io
import tarfile
import zipfile

import pytest

from tools import cache, postgresql_distribution
from tools.errors import ToolError
from tools.postgresql import Server


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Use a home folder and a cache of the test, without Maven, on a machine that has an archive."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tools.maven.shutil.which", lambda name: None)
    monkeypatch.setattr("tools.postgresql_distribution.platform.system", lambda: "Linux")
    monkeypatch.setattr("tools.postgresql_distribution.platform.machine", lambda: "x86_64")
    return tmp_path


def pack(path, name="bin/postgres"):
    """Create a jar with the compressed archive of one program in it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:xz") as target:
        program = tarfile.TarInfo(name)
        program.mode = 0o755
        target.addfile(program, io.BytesIO())
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as jar:
        jar.writestr("postgres-linux-x86_64.txz", archive.getvalue())


def test_the_programs_are_unpacked_once(home):
    jar = postgresql_distribution.artifact().path
    pack(jar)
    programs = postgresql_distribution.install()
    assert programs == cache.folder("postgresql-distributions") / postgresql_distribution.VERSION / "bin"
    assert (programs / "postgres").stat().st_mode & 0o777 == 0o755
    assert [path.name for path in programs.parent.parent.iterdir()] == [postgresql_distribution.VERSION]
    jar.unlink()
    assert postgresql_distribution.install() == programs


def test_a_path_outside_of_the_archive_is_refused_and_nothing_is_unpacked(home):
    pack(postgresql_distribution.artifact().path, "../postgres")
    with pytest.raises(tarfile.OutsideDestinationError):
        postgresql_distribution.install()
    assert list(cache.folder("postgresql-distributions").iterdir()) == []


def test_without_archive_and_maven_it_says_what_to_install(home):
    with pytest.raises(ToolError) as error:
        postgresql_distribution.install()
    assert str(error.value) == (
        f"Maven is needed to fetch PostgreSQL {postgresql_distribution.VERSION}. Install it: apt-get install maven"
    )


def test_a_machine_without_an_archive_is_named(home, monkeypatch):
    monkeypatch.setattr("tools.postgresql_distribution.platform.machine", lambda: "riscv64")
    with pytest.raises(ToolError, match=r"Maven Central has no PostgreSQL .* for Linux riscv64"):
        postgresql_distribution.check_available()


def test_a_downloaded_server_takes_its_client_programs_from_the_system(home, monkeypatch, tmp_path):
    pack(postgresql_distribution.artifact().path)
    monkeypatch.setattr("tools.postgresql.system_programs", lambda: tmp_path / "system")
    server = Server(5432, tmp_path, is_downloaded=True)
    assert server.program("postgres") == postgresql_distribution.install() / "postgres"
    assert server.program("createdb") == tmp_path / "system" / "createdb"
    assert Server(5432, tmp_path).program("postgres") == tmp_path / "system" / "postgres"
