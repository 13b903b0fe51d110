"""The service's settings, with a search's time limit that a busy machine keeps too: the limit is not what is asked."""

from project.settings import *  # noqa: F403

ELASTICSEARCH_IS_EMBEDDED = True  # that engine has longer, and nothing else hangs on it
