"""The file `.env`, written once from `.env.example`."""

import os
import secrets
from pathlib import Path

from tools import ports


def write_once(folder: Path) -> bool:
    """Write `.env` with a random key and a free port for the embedded engine. Return False if it exists already."""
    example = (folder / ".env.example").read_text()
    text = example.replace("{secret_key}", secrets.token_urlsafe(50)).replace("{embedded_port}", str(ports.free()))
    try:
        # The key is a secret: only its owner may read the file.
        handle = os.open(folder / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as file:
        file.write(text)
    return True
