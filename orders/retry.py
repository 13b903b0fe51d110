"""What a write does when another one was quicker."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError
from rest_framework.exceptions import ValidationError

P = ParamSpec("P")
R = TypeVar("R")
DEADLOCK_DETECTED = "40P01"


def retry_on_conflict(write: Callable[P, R]) -> Callable[P, R]:
    """Runs a view's write once more when it was killed in a deadlock or lost a race for an order number.

    The second run sees what won, so it answers as if it had come later. `write` must be one transaction.
    """

    @wraps(write)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return write(*args, **kwargs)
        except (IntegrityError, OperationalError) as error:
            if not (is_deadlock(error) or is_taken_number(error)):
                raise
        try:
            return write(*args, **kwargs)
        except IntegrityError as error:
            if not is_taken_number(error):
                raise
            raise ValidationError({"order_number": ["This order number is taken."]}, code="unique") from error

    return run


def is_deadlock(error: Exception) -> bool:
    """Whether PostgreSQL killed the transaction to end a deadlock."""
    return getattr(error.__cause__, "sqlstate", None) == DEADLOCK_DETECTED


def is_taken_number(error: Exception) -> bool:
    """Whether the unique order_number refused the row; both databases name the column."""
    return isinstance(error, IntegrityError) and "order_number" in str(error)
