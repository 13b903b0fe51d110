"""How drf-spectacular describes a schema's search. Import it where the project describes its views."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.utils import OpenApiParameter

from .params import DateOrDateTimeField, FacetsField, KeywordsField
from .serializers import SearchHit

FRESH = OpenApiParameter(
    "X-Search-Fresh",
    location=OpenApiParameter.HEADER,
    response=[200, 410, 503],
    description="With `fresh=true`: `yes`, or `no; pending=3` if pending changes could not be indexed in time.",
)
RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    int,
    location=OpenApiParameter.HEADER,
    response=[503],
    required=True,
    description="Seconds after which to try again.",
)


class SearchHitExtension(OpenApiSerializerExtension):
    """A result has only the fields that were requested, so none is required."""

    target_class = SearchHit
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        schema.pop("required", None)
        return schema


class KeywordsExtension(OpenApiSerializerFieldExtension):
    """Values that no list names."""

    target_class = KeywordsField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        pattern = {"pattern": f"^{self.target.pattern}$"} if self.target.pattern else {}
        return {"type": "array", "items": {"type": "string", **pattern}}


class FacetsExtension(OpenApiSerializerFieldExtension):
    """Names, or one word for all or none of them."""

    target_class = FacetsField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        names = {"type": "array", "items": {"type": "string", "enum": [*self.target.choices]}}
        return {"anyOf": [names, {"type": "string", "enum": ["true", "false"]}]}


class DateOrDateTimeExtension(OpenApiSerializerFieldExtension):
    """A date, or a date and time."""

    target_class = DateOrDateTimeField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "format": name} for name in ("date", "date-time")]}
