"""The service's settings, with a search timeout that a busy machine keeps: the timeout is not tested here."""

from project.settings import *  # noqa: F403

SEARCH_TIMEOUT = 10.0
