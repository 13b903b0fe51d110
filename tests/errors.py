"""The JSON of error responses."""

from typing import Any


def error(code: str, detail: str, attr: str | None = None, kind: str | None = None) -> dict[str, Any]:
    """Return the body of a response with one error."""
    kind = kind or ("validation_error" if attr else "client_error")
    return {"type": kind, "errors": [{"code": code, "detail": detail, "attr": attr}]}
