"""The service's settings, with two more URLs and one more header.

With PLAIN_DESIGN in the environment, the plain design's receivers replace the project's own push.
"""

import os

from project.settings import *  # noqa: F403

ROOT_URLCONF = "tests.faults.urls"
MIDDLEWARE = ["tests.faults.held.HeldMiddleware", *MIDDLEWARE]  # noqa: F405
if os.environ.get("PLAIN_DESIGN"):
    SEARCH_PUSH = "off"
    INSTALLED_APPS = [*INSTALLED_APPS, "tools.plain_design.receivers.ReceiversConfig"]  # noqa: F405
