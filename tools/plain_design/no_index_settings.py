"""The service's settings without anything that indexes: the same views, database, connections and middleware."""

from project.settings import *  # noqa: F403

DROPPED = {"search", "order_search", "desk", "django_elasticsearch_dsl"}
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in DROPPED]  # noqa: F405
MIDDLEWARE = [each for each in MIDDLEWARE if not each.startswith("search.")]  # noqa: F405
ROOT_URLCONF = "benchmarks.no_index.urls"
DRF_STANDARDIZED_ERRORS = {}  # the service's own handler knows the desk's pages
