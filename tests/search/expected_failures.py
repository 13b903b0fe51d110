"""Tests that are expected to fail on the embedded engine, each with its reason instead of a silent skip."""

import pytest

from tests.environment import ENGINE_IS_REAL, HAS_ENGINE


def fails_on_embedded_engine(reason: str) -> pytest.MarkDecorator:
    """Mark a test that fails on the embedded engine, and that fails the run if it passes there."""
    return pytest.mark.xfail(HAS_ENGINE and not ENGINE_IS_REAL, reason=f"the embedded engine {reason}")
