"""The settings of the service of newer code: the order's mapping has a field more."""

from tests.rebuild.todays_settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.rebuild.newer"]  # noqa: F405
