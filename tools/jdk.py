"""The Java development kits on this machine."""

import os
import re
import shutil
from pathlib import Path

from tools.errors import ToolError

FOLDERS = [
    "/usr/lib/jvm/*",
    "/opt/*jdk*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*",
]


def installed() -> dict[int, Path]:
    homes = [Path(os.environ[name]) for name in ("ES_JAVA_HOME", "JAVA_HOME") if os.environ.get(name)]
    if javac := shutil.which("javac"):
        homes.append(Path(javac).resolve().parent.parent)
    for pattern in FOLDERS:
        homes += sorted(Path("/").glob(pattern.removeprefix("/")))
    jdks: dict[int, Path] = {}
    for home in homes:
        if (version := major(home)) and (home / "bin" / "javac").exists():
            jdks.setdefault(version, home.resolve())
    return jdks


def major(home: Path) -> int | None:
    try:
        match = re.search(r'JAVA_VERSION="(\d+)', (home / "release").read_text())
    except OSError:
        return None
    return int(match[1]) if match else None


def choose(least: int, newest: bool) -> Path:
    """Return the home of a JDK of at least this version: the newest, or the oldest suitable one."""
    suitable = [version for version in installed() if version >= least]
    if not suitable:
        raise ToolError(f"No JDK {least} or later was found. Install one: apt-get install {package(least)}")
    return installed()[max(suitable) if newest else min(suitable)]


def package(least: int) -> str:
    return f"openjdk-{least}-jdk-headless"
