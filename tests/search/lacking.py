"""What the embedded engine lacks: expected failures with their reasons, never silent skips."""

import pytest

from tests.environment import ENGINE_IS_REAL, HAS_ENGINE


def embedded_lacks(reason: str) -> pytest.MarkDecorator:
    """A test that fails on the embedded engine, and would be red if it did not."""
    return pytest.mark.xfail(HAS_ENGINE and not ENGINE_IS_REAL, reason=f"the embedded engine {reason}")
