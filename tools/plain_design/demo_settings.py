"""The settings of the demonstration's plain design: a tutorial's views and client, and nothing of `search`."""

from project.settings import ELASTICSEARCH_DSL as SERVICE_CLIENT
from tools.plain_design.no_index_settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "django_elasticsearch_dsl", "tools.plain_design"]  # noqa: F405
ROOT_URLCONF = "tools.plain_design.demo_urls"
ELASTICSEARCH_DSL = {"default": {"hosts": SERVICE_CLIENT["default"]["hosts"]}}
ELASTICSEARCH_DSL_SIGNAL_PROCESSOR = "django_elasticsearch_dsl.signals.RealTimeSignalProcessor"
