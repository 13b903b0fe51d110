"""Archives from Maven Central, fetched once and kept in Maven's own repository."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tools.errors import ToolError


class Artifact(NamedTuple):
    """The coordinates of one archive."""

    group: str
    name: str
    version: str
    extension: str = "zip"

    @property
    def path(self) -> Path:
        repository = Path.home() / ".m2" / "repository"
        file = f"{self.name}-{self.version}.{self.extension}"
        return repository / self.group.replace(".", "/") / self.name / self.version / file

    def fetch(self) -> Path:
        if self.path.exists():
            return self.path
        print(f"Fetching {self.name} {self.version} from Maven Central; this can take minutes.", flush=True)
        coordinates = ":".join([self.group, self.name, self.version, self.extension])
        command = ["mvn", "-q", "-B", "dependency:get", f"-Dartifact={coordinates}", "-Dtransitive=false"]
        failed = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
        if failed or not self.path.exists():
            raise ToolError(f"Maven could not fetch {coordinates}; its own message is above.")
        return self.path


def check_available(artifacts: list[Artifact], program: str, alternative: str = "") -> None:
    """Raise ToolError unless these archives are in Maven's repository or Maven is installed to fetch them."""
    if all(artifact.path.exists() for artifact in artifacts) or shutil.which("mvn"):
        return
    raise ToolError(f"Maven is needed to fetch {program}. Install it: apt-get install maven{alternative}")
