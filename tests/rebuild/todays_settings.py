"""The settings of the service of today's code.

A search may take longer than usual: two services, eight clients and a rebuild share the machine with Elasticsearch, and
these tests ask whether a rebuild fails a search, not how long one takes.
"""

from tests.faults.settings import *  # noqa: F403

SEARCH_TIMEOUT = 5.0
