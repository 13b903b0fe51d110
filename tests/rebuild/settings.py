"""The service's settings with newer code: the order's mapping has a field more."""

from tests.faults.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.rebuild.newer"]  # noqa: F405
