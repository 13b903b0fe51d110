"""Found by every Python of the other project as it starts: hides the packages that are not installed there.

The tests' environment has all packages of this repository. NOT_INSTALLED names the modules of those that
search/README.md does not list.
"""

import os
import sys
from importlib.machinery import ModuleSpec

NOT_INSTALLED = frozenset(os.environ["NOT_INSTALLED"].split())


class Hide:
    """A finder that finds nothing, and ends the search for what is hidden."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] in NOT_INSTALLED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


sys.meta_path.insert(0, Hide)
