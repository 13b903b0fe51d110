"""What the orders' tests share."""

from typing import Any

import pytest
from rest_framework.test import APIClient


@pytest.fixture
def client() -> APIClient:
    """An HTTP client that sends and reads JSON, and gets a 500 as an answer rather than as an exception."""
    return APIClient(raise_request_exception=False)


def error(code: str, detail: str, attr: str | None = None, kind: str | None = None) -> dict[str, Any]:
    """The one shape of errors, with one error."""
    kind = kind or ("validation_error" if attr else "client_error")
    return {"type": kind, "errors": [{"code": code, "detail": detail, "attr": attr}]}
