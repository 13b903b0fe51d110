"""Create the virtual environment and install the pinned packages, if they are absent or the pins have changed."""

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


def is_usable() -> bool:
    """Return whether the environment's Python runs and has pip: it does not after the system's Python was removed."""
    try:
        return subprocess.run([PYTHON, "-c", "import pip"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def create_environment() -> None:
    if is_usable():
        return
    print("Creating the virtual environment .venv", flush=True)
    try:
        venv.create(FOLDER, with_pip=True, clear=True, symlinks=True)
    except subprocess.CalledProcessError as error:
        raise ToolError(
            "Python could not create a virtual environment with pip. On Debian: apt-get install python3-venv"
        ) from error


def digest_of(files: list[Path]) -> str:
    """Return a digest of what an installation depends on: the contents of the files and the Python version."""
    content = b"".join(path.read_bytes() for path in files)
    return hashlib.sha256(content + sys.version.encode()).hexdigest()


def install(name: str, *options: str) -> None:
    stamp = FOLDER / f"installed-{name}"
    digest = digest_of([ROOT / "requirements.txt", ROOT / name])
    if stamp.exists() and stamp.read_text() == digest:
        return
    print(f"Installing {name}", flush=True)
    pip(name, *options)
    stamp.write_text(digest)


def pip(name: str, *options: str) -> None:
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    result = subprocess.run([*command, *options, "-r", str(ROOT / name)], capture_output=True, text=True, check=False)
    if result.returncode:
        raise ToolError(f"pip could not install {name}:\n{result.stderr.strip()[-2000:]}")


def install_embedded() -> None:
    """Install the embedded engine. Continue without it on systems that it is not built for."""
    try:
        install("requirements-embedded.txt", "--require-hashes", "--only-binary=:all:")
    except ToolError as error:
        if "No matching distribution" not in str(error):
            raise
        print("There is no embedded engine for this system; set ELASTICSEARCH_URL to a real one.", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bootstrap", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also the packages for tests and linters")
    options = parser.parse_args()
    create_environment()
    install("requirements-dev.txt" if options.dev else "requirements.txt")
    install_embedded()


if __name__ == "__main__":
    errors.run(main)
