"""The settings of search, typed, with their defaults. No other module reads `settings.SEARCH_*`."""

from typing import Any, Literal

from django.conf import settings


class SearchSettings:
    """Each attribute NAME is the setting `SEARCH_NAME`. Read at each access, so `override_settings` works."""

    INDEX_PREFIX: str = ""  # before every alias and index name
    PUSH: Literal["sync", "async", "off"] = "sync"  # pushed by the request, by the relay only, or not at all
    PUSH_TIMEOUT: float = 1.0  # seconds that a request waits for its own push
    TIMEOUT: float = 0.7  # seconds that a search may take; a failure must be answered within 1 s
    ENGINE_TIMEOUT: float = 10.0  # seconds, first to last byte of one call to Elasticsearch
    DELETE_GRACE_PERIOD: float = 60.0  # seconds between the two confirmations of a delete
    BULK_MAX_DOCUMENTS: int = 1000  # documents in one bulk
    BULK_MAX_BYTES: int = 10_000_000  # bytes in one bulk
    BREAKER_FAIL_MAX: int = 3  # consecutive failures that open the circuit breaker
    BREAKER_RESET_TIMEOUT: float = 1.0  # seconds from opening to the first probe
    RELAY_POLL_INTERVAL: float = 0.25  # seconds between two claims, unless a batch was full
    RELAY_BATCH_SIZE: int = 1000  # entries claimed at once
    RELAY_LEASE: float = 12.0  # seconds that no other relay claims a claimed entry
    RETRY_BASE: float = 0.5  # seconds, the upper bound of the first backoff
    RETRY_CAP: float = 5.0  # seconds, the upper bound of every backoff

    def __getattribute__(self, name: str) -> Any:
        return getattr(settings, f"SEARCH_{name}", super().__getattribute__(name))


conf = SearchSettings()
