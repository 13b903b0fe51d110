"""Make the virtual environment and install what is pinned, when it is not there or the pins have changed."""

import argparse
import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from tools import errors
from tools.errors import ToolError
from tools.paths import ROOT

FOLDER = ROOT / ".venv"
PYTHON = FOLDER / "bin" / "python"


def is_whole() -> bool:
    """Whether the environment's Python runs and has pip: it does not after the system's Python went."""
    try:
        return subprocess.run([PYTHON, "-c", "import pip"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make() -> None:
    """An empty environment with pip, unless a whole one is there."""
    if is_whole():
        return
    print("Making the virtual environment .venv", flush=True)
    try:
        venv.create(FOLDER, with_pip=True, clear=True, symlinks=True)
    except subprocess.CalledProcessError as error:
        raise ToolError(
            "Python could not make a virtual environment with pip. On Debian: apt-get install python3-venv"
        ) from error


def stamp_of(files: list[Path]) -> str:
    """What an installation depends on: the files' contents and the Python."""
    content = b"".join(path.read_bytes() for path in files)
    return hashlib.sha256(content + sys.version.encode()).hexdigest()


def install(name: str, *options: str) -> None:
    """Install one requirements file, unless it was installed as it is."""
    stamp = FOLDER / f"installed-{name}"
    digest = stamp_of([ROOT / "requirements.txt", ROOT / name])
    if stamp.exists() and stamp.read_text() == digest:
        return
    print(f"Installing {name}", flush=True)
    pip(name, *options)
    stamp.write_text(digest)


def pip(name: str, *options: str) -> None:
    """Run pip; ToolError holds its last lines."""
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run([*command, *options, "-r", str(ROOT / name)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolError(f"pip could not install {name}:\n{done.stderr.strip()[-2000:]}")


def install_embedded() -> None:
    """The embedded engine; a system for which there is none goes on without it."""
    try:
        install("requirements-embedded.txt", "--require-hashes", "--only-binary=:all:")
    except ToolError as error:
        if "No matching distribution" not in str(error):
            raise
        print("There is no embedded engine for this system; set ELASTICSEARCH_URL to a real one.", flush=True)


def main() -> None:
    """Parse, do."""
    parser = argparse.ArgumentParser(prog="script/bootstrap", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and linters need")
    chosen = parser.parse_args()
    make()
    install("requirements-dev.txt" if chosen.dev else "requirements.txt")
    install_embedded()


if __name__ == "__main__":
    errors.run(main)
