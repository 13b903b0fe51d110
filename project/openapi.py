"""The API's description in OpenAPI: what the views' serializers do not tell, and what all of them have in common."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

WRITES = ("POST", "PUT", "PATCH", "DELETE")
WITH_BODY = ("POST", "PUT", "PATCH")
# A text as it is kept has its ends trimmed, so something must be left; no text holds a NUL.
SOME_TEXT = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
ANY_TEXT = r"^[^\u0000]*$"
AMOUNT = r"^(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,2})?$"
LARGEST_INTEGER = 2**63 - 1  # of an id


class ErrorItem(serializers.Serializer[Any]):
    """One error."""

    code = serializers.CharField(help_text="For programs: what kind of error it is.")
    detail = serializers.CharField(help_text="For people: what is wrong.")
    attr = serializers.CharField(
        allow_null=True, help_text="The field or parameter that is wrong, such as `lines.0.quantity`."
    )


class ErrorAnswer(serializers.Serializer[Any]):
    """The one shape of all errors."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorItem(many=True)  # type: ignore[assignment]  # the class itself has an attribute of this name


def error(description: str, code: str, detail: str, attr: str | None = None, kind: str = "") -> OpenApiResponse:
    """An error as an answer of an operation, with itself as its example."""
    kind = kind or ("validation_error" if attr else "client_error")
    value = {"type": kind, "errors": [{"code": code, "detail": detail, "attr": attr}]}
    return OpenApiResponse(ErrorAnswer, description, [OpenApiExample(code, value)])


INVALID = error("The request is wrong; every error is named.", "required", "This field is required.", "customer_name")
COMMON = {
    "401": error("No token and no session.", "not_authenticated", "Authentication credentials were not provided."),
    "403": error("You may not do this.", "permission_denied", "CSRF Failed: CSRF cookie not set."),
    "406": error("No such media type.", "not_acceptable", "Could not satisfy the request Accept header."),
}
NOT_FOUND = error("There is no such thing.", "not_found", "Not found.")
OF_BODIES = {
    "413": error("The body is too large.", "body_too_large", "The body is over 2500000 bytes."),
    "415": error(
        "The body is of another media type.", "unsupported_media_type", 'Unsupported media type "text/plain".'
    ),
}
REFRESH = OpenApiParameter(
    "refresh",
    enum=["wait_for", "true", "false", ""],
    allow_blank=True,
    description="`wait_for`: answer when searches find what was written (`true` means the same).",
)
SEARCH_STATUS = OpenApiParameter(
    "X-Search-Status",
    location=OpenApiParameter.HEADER,
    response=[200, 201, 204, 207],
    required=True,
    enum=["indexed", "pending"],
    description="Whether the search index has what was written, or is still to get it.",
)


class Schema(AutoSchema):
    """Describes an operation, with the errors, the header and the parameter that are common to its kind."""

    def get_override_parameters(self) -> list[Any]:
        parameters = [*super().get_override_parameters()]
        return [*parameters, REFRESH, SEARCH_STATUS] if self.method in WRITES else parameters

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        """The view's own answers, and the errors that every such operation may have."""
        found: dict[str, Any] = super()._get_response_bodies(direction)
        for code, answer in self.errors().items():
            if code not in found:
                found[code] = self._get_response_for_code(answer, code, direction=direction)  # type: ignore[no-untyped-call]
        return dict(sorted(found.items()))

    def errors(self) -> dict[str, OpenApiResponse]:
        """By status."""
        found = dict(COMMON)
        if self.method in WRITES:
            found |= {"400": INVALID}
        if self.method in WITH_BODY:
            found |= OF_BODIES
        if "{" in self.path:
            found |= {"404": NOT_FOUND}
        return found

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> Any:
        """A list says how many it may hold."""
        schema, required = super()._get_request_for_media_type(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, serializers.ListSerializer):
            schema |= {
                "minItems": 0 if serializer.allow_empty else 1,
                "maxItems": getattr(serializer, "max_length", None),
            }
        return schema, required

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        """What a request may hold is wider than what an answer holds: a number for a text, a text for a number."""
        found = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if direction == "request" and found and not field.read_only and "$ref" not in found:
            self._insert_field_validators(field, found)  # type: ignore[no-untyped-call]  # no later: not into an anyOf
            return as_sent(field, found, in_body=self.method in WITH_BODY)
        return found


def as_sent(field: Any, schema: dict[str, Any], *, in_body: bool) -> dict[str, Any]:
    """A field's schema in the body or the address of a request."""
    if not in_body:
        if isinstance(field, serializers.DecimalField):
            schema = said_of(schema) | {"type": "string", "pattern": AMOUNT}
        return schema if field.required else or_nothing(schema)
    if isinstance(field, serializers.DecimalField):
        number = said_of(schema) | {"type": "number", "minimum": 0, "maximum": 9_999_999_999.99, "multipleOf": 0.01}
        return either(number, {"type": "string", "pattern": AMOUNT})
    if isinstance(field, serializers.ListSerializer):
        return schema | {"maxItems": getattr(field, "max_length", None)}
    if type(field) is serializers.CharField:
        text = schema | {"pattern": ANY_TEXT if field.allow_blank else SOME_TEXT}
        return either(text, {"type": "number"})
    if isinstance(field, serializers.IntegerField):
        return either(schema, {"type": "string", "pattern": "^[1-9][0-9]{0,5}$"})
    return schema


def or_nothing(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema; an empty one is as good as none."""
    if schema.get("type") == "array":
        return schema | {"items": or_nothing(schema["items"])}
    if "enum" in schema:
        return schema | {"enum": [*schema["enum"], ""], "minLength": 0}
    if schema.get("type") == "string" and not {"pattern", "minLength", "format"} & set(schema):
        return schema
    return either(schema, {"type": "string", "enum": [""]})


def either(schema: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What one of two schemas takes; what is said for people stays outside."""
    said = said_of(schema)
    inner = {name: value for name, value in schema.items() if name not in said}
    return {"anyOf": [*inner.get("anyOf", [inner]), other], **said}


def said_of(schema: dict[str, Any]) -> dict[str, Any]:
    """What a schema says for people, and its default."""
    return {name: value for name, value in schema.items() if name in ("description", "default", "title")}


def without_twins(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Of two addresses that differ in their last slash, the one that is named first."""
    known: dict[tuple[str, str], str] = {}
    for path, _, method, _ in endpoints:
        known.setdefault((path.rstrip("/"), method), path)
    return [each for each in endpoints if known[each[0].rstrip("/"), each[2]] == each[0]]
