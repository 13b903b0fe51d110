"""The service's settings, with a search timeout that a busy machine keeps: the timeout is not tested here."""

from project.settings import *  # noqa: F403

ELASTICSEARCH_IS_EMBEDDED = True  # gives searches a longer timeout, and changes nothing else
