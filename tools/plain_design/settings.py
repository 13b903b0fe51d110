"""The service's settings with django-elasticsearch-dsl's RealTimeSignalProcessor, with its default refresh or without.

The client is the service's own: the same retries, timeouts, connections and serializer.
"""

import os

from project.settings import ELASTICSEARCH_DSL  # noqa: F401
from tools.plain_design.no_index_settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "django_elasticsearch_dsl", "tools.plain_design"]  # noqa: F405
ELASTICSEARCH_DSL_SIGNAL_PROCESSOR = "django_elasticsearch_dsl.signals.RealTimeSignalProcessor"
ELASTICSEARCH_DSL_AUTO_REFRESH = os.environ["PLAIN_REFRESH"] == "on"  # the package's default is on
