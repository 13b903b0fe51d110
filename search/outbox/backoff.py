"""The delay before a failed entry is retried: a pure function."""

import random
from collections.abc import Callable
from datetime import timedelta

from ..conf import conf


def retry_delay(attempts: int, draw: Callable[[float, float], float] = random.uniform) -> timedelta:
    """Return a capped exponential backoff with full jitter after `attempts` failures (1 is the first)."""
    ceiling = min(conf.RETRY_CAP, conf.RETRY_BASE * 2 ** min(attempts - 1, 30))
    return timedelta(seconds=draw(0.0, ceiling))
