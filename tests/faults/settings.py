"""The service's settings, with two addresses and a header more.

Where NAIVE is set, the plain design stands in the place of ours.
"""

import os

from project.settings import *  # noqa: F403

ROOT_URLCONF = "tests.faults.urls"
MIDDLEWARE = ["tests.faults.held.HeldMiddleware", *MIDDLEWARE]  # noqa: F405
if os.environ.get("NAIVE"):
    SEARCH_PUSH = "off"
    INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.naive.NaiveConfig"]  # noqa: F405
