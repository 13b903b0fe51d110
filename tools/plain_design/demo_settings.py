"""The settings of the plain design: the service's, without anything of `search`."""

from project.settings import *  # noqa: F403

INSTALLED_APPS = [*(app for app in INSTALLED_APPS if app not in {"search", "order_search"}), "tools.demo.plain"]  # noqa: F405
MIDDLEWARE = [each for each in MIDDLEWARE if not each.startswith("search.")]  # noqa: F405
ROOT_URLCONF = "tools.demo.plain.urls"
ELASTICSEARCH_DSL = {"default": {"hosts": ELASTICSEARCH_DSL["default"]["hosts"]}}  # noqa: F405
ELASTICSEARCH_DSL_SIGNAL_PROCESSOR = "django_elasticsearch_dsl.signals.RealTimeSignalProcessor"
