"""The service's settings without anything that indexes: the same views, database, connections and middleware."""

from project.settings import *  # noqa: F403

INDEXING_APPS = {"search", "order_search", "desk", "django_elasticsearch_dsl"}
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in INDEXING_APPS]  # noqa: F405
MIDDLEWARE = [middleware for middleware in MIDDLEWARE if not middleware.startswith("search.")]  # noqa: F405
ROOT_URLCONF = "tools.plain_design.no_index_urls"
DRF_STANDARDIZED_ERRORS = {}  # the service's exception handler belongs to the desk
