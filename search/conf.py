"""The settings of search, typed, with their defaults. Nothing else here reads `settings.SEARCH_*`."""

from typing import Any, Literal

from django.conf import settings


class SearchSettings:
    """Each attribute NAME is the setting `SEARCH_NAME`; read late, so that `override_settings` works."""

    INDEX_PREFIX: str = ""  # before every alias and index name
    PUSH: Literal["sync", "async", "off"] = "sync"  # who pushes: the request, the relay, nobody
    PUSH_TIMEOUT: float = 1.0  # seconds a request waits for its own push
    ENGINE_TIMEOUT: float = 10.0  # seconds, first to last byte of one call to the engine
    DELETE_GRACE_PERIOD: float = 60.0  # seconds between the two confirmations of a delete
    BULK_MAX_DOCUMENTS: int = 1000  # documents in one bulk
    BULK_MAX_BYTES: int = 10_000_000  # bytes in one bulk
    BREAKER_FAIL_MAX: int = 3  # failures in a row that open the circuit breaker
    BREAKER_RESET_TIMEOUT: float = 1.0  # seconds between probes while it is open
    RELAY_POLL_INTERVAL: float = 0.25  # seconds from a batch that was not full to the next look at the outbox
    RELAY_BATCH_SIZE: int = 1000  # entries claimed at once
    RELAY_LEASE: float = 12.0  # seconds a claimed entry is left to the relay that claimed it
    RETRY_BASE: float = 0.5  # seconds, the first backoff's upper bound
    RETRY_CAP: float = 5.0  # seconds, every backoff's upper bound: what a healed engine waits at most

    def __getattribute__(self, name: str) -> Any:
        return getattr(settings, f"SEARCH_{name}", super().__getattribute__(name))


conf = SearchSettings()
