"""The service's settings, with two addresses more and, where NAIVE is set, the plain design in the place of ours."""

import os

from project.settings import *  # noqa: F403

ROOT_URLCONF = "tests.faults.urls"
if os.environ.get("NAIVE"):
    SEARCH_PUSH = "off"
    INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.naive.NaiveConfig"]  # noqa: F405
