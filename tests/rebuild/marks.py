"""The marks of every live rebuild."""

import pytest

HEAVY = [pytest.mark.faults, pytest.mark.real, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(300)]
