"""Retrying a write that conflicted with a concurrent one."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError
from rest_framework.exceptions import ValidationError

P = ParamSpec("P")
R = TypeVar("R")
DEADLOCK_DETECTED = "40P01"


def retry_on_conflict(write: Callable[P, R]) -> Callable[P, R]:
    """Decorate a write to run once more after a deadlock, or after a concurrent write took its order number.

    The second run reads what the other write committed, so its response is as if it had come later. `write` must be
    one transaction.
    """

    @wraps(write)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return write(*args, **kwargs)
        except (IntegrityError, OperationalError) as error:
            if not (is_deadlock(error) or is_number_conflict(error)):
                raise
        try:
            return write(*args, **kwargs)
        except IntegrityError as error:
            if not is_number_conflict(error):
                raise
            raise ValidationError({"order_number": ["This order number is taken."]}, code="unique") from error

    return run


def is_deadlock(error: Exception) -> bool:
    return getattr(error.__cause__, "sqlstate", None) == DEADLOCK_DETECTED


def is_number_conflict(error: Exception) -> bool:
    """Return whether the unique constraint of order_number failed; both databases name the column."""
    return isinstance(error, IntegrityError) and "order_number" in str(error)
