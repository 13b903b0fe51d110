"""The OpenAPI schema: what serializers do not say, and the errors, header and parameter that operations share."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from drf_standardized_errors.openapi import AutoSchema as StandardizedErrorsAutoSchema
from rest_framework import serializers

from orders.openapi import error_response

WRITE_METHODS = ("POST", "PUT", "PATCH", "DELETE")
METHODS_WITH_BODY = ("POST", "PUT", "PATCH")
# Stored text is trimmed, so at least one character must remain; no text may contain NUL.
NON_BLANK_TEXT = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
ANY_TEXT = r"^[^\u0000]*$"
AMOUNT = r"^(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,2})?$"

# Named in the setting ERROR_SCHEMAS: drf-standardized-errors has no schema for 413, and one for 400 for each operation
# that lists the codes of each field, which cannot know what the validators of lines and totals raise.
BAD_REQUEST = error_response(
    "The request is invalid; every error is listed.", "required", "This field is required.", "customer_name"
)
BODY_TOO_LARGE = error_response("The body is too large.", "body_too_large", "The body is over 2500000 bytes.")
REFRESH = OpenApiParameter(
    "refresh",
    enum=["wait_for", "true", "false", ""],
    allow_blank=True,
    description="`wait_for`: respond once searches find what was written (`true` means the same).",
)
SEARCH_STATUS = OpenApiParameter(
    "X-Search-Status",
    location=OpenApiParameter.HEADER,
    response=[200, 201, 204, 207],
    required=True,
    enum=["indexed", "pending"],
    description="Whether the search index already contains what was written.",
)


class AutoSchema(StandardizedErrorsAutoSchema):
    """The schema of an operation, with the errors, header and parameter that are common to its kind."""

    def get_override_parameters(self) -> list[Any]:
        parameters = [*super().get_override_parameters()]
        return [*parameters, REFRESH, SEARCH_STATUS] if self.method in WRITE_METHODS else parameters

    def _should_add_error_response(self, responses: dict[str, Any], status_code: str) -> bool:
        """Decide by method and path, not as the package does by the classes of parsers, permissions and paginators.

        Our parsers are not DRF's; SessionAuthentication refuses a missing CSRF token whatever the permissions are.
        """
        applies = {
            "400": self.method in WRITE_METHODS,
            "404": "{" in self.path,
            "413": self.method in METHODS_WITH_BODY,
            "415": self.method in METHODS_WITH_BODY,
        }
        return status_code not in responses and applies.get(status_code, True)

    def _get_error_response_serializer(self, status_code: str) -> Any:
        serializer = super()._get_error_response_serializer(status_code)
        if isinstance(serializer, OpenApiResponse):
            return serializer
        return OpenApiResponse(serializer, HTTPStatus(int(status_code)).phrase)

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> Any:
        schema, required = super()._get_request_for_media_type(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, serializers.ListSerializer):
            schema |= {
                "minItems": 0 if serializer.allow_empty else 1,
                "maxItems": getattr(serializer, "max_length", None),
            }
        return schema, required

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        """Accept more in a request than a response contains: a number for text, text for a number."""
        schema = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if direction == "request" and schema and not field.read_only and "$ref" not in schema:
            # Now: later the caller would insert them next to the anyOf instead of inside it.
            self._insert_field_validators(field, schema)  # type: ignore[no-untyped-call]
            return request_schema(field, schema, in_body=self.method in METHODS_WITH_BODY)
        return schema


def request_schema(field: Any, schema: dict[str, Any], *, in_body: bool) -> dict[str, Any]:
    if not in_body:
        if isinstance(field, serializers.DecimalField):
            schema = annotations(schema) | {"type": "string", "pattern": AMOUNT}
        return schema if field.required else or_empty(schema)
    if isinstance(field, serializers.DecimalField):
        number = annotations(schema) | {"type": "number", "minimum": 0, "maximum": 9_999_999_999.99, "multipleOf": 0.01}
        return any_of(number, {"type": "string", "pattern": AMOUNT})
    if isinstance(field, serializers.ListSerializer):
        return schema | {"maxItems": getattr(field, "max_length", None)}
    if type(field) is serializers.CharField:
        text = schema | {"pattern": ANY_TEXT if field.allow_blank else NON_BLANK_TEXT}
        return any_of(text, {"type": "number"})
    if isinstance(field, serializers.IntegerField):
        return any_of(schema, {"type": "string", "pattern": "^[1-9][0-9]{0,5}$"})
    return schema


def or_empty(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a query parameter that may be empty, which means the same as absent."""
    if schema.get("type") == "array":
        return schema | {"items": or_empty(schema["items"])}
    if "enum" in schema:
        return schema | {"enum": [*schema["enum"], ""], "minLength": 0}
    if schema.get("type") == "string" and not {"pattern", "minLength", "format"} & set(schema):
        return schema
    return any_of(schema, {"type": "string", "enum": [""]})


def any_of(schema: dict[str, Any], alternative: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that accepts either; the annotations stay outside the anyOf."""
    notes = annotations(schema)
    constraints = {name: value for name, value in schema.items() if name not in notes}
    return {"anyOf": [*constraints.get("anyOf", [constraints]), alternative], **notes}


def annotations(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name in ("description", "default", "title")}


def without_slash_duplicates(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Keep the first of two paths that differ in their trailing slash only."""
    first_paths: dict[tuple[str, str], str] = {}
    for path, _, method, _ in endpoints:
        first_paths.setdefault((path.rstrip("/"), method), path)
    return [endpoint for endpoint in endpoints if first_paths[endpoint[0].rstrip("/"), endpoint[2]] == endpoint[0]]
