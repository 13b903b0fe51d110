"""The answers of a schema's search: results, facets, pages and suggestions.

The serializers are built from the schema. Those that are named for it (`Item` -> `ItemSearchAnswer`) are components of
the API's schema, so each is built once.
"""

from datetime import datetime
from functools import cache
from typing import Any, ClassVar

from rest_framework import serializers

from .facets import Months, Ranges, Terms
from .fields import REQUIRED, Integer, Keyword, Moment, Nested, Number, SearchField
from .params import RenamedFieldsMixin
from .schema import SearchSchema

Fields = dict[str, Any]


class IndexedDateTimeField(serializers.DateTimeField):
    """A date and time, which the index has as text, in the form of all answers."""

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(datetime.fromisoformat(value))


class SearchHit(serializers.Serializer[Any]):
    """A document, and where the text was found in it: escaped HTML by field, each place in <mark>."""

    schema: ClassVar[SearchSchema]

    def __init__(self, *args: Any, only: tuple[str, ...] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        if only:
            for name in set(self.fields) - {*only, "highlight"}:
                del self.fields[name]

    def get_fields(self) -> Fields:
        fields = {field.name: hit_field(field) for field in self.schema.fields}
        fields["version"] = serializers.IntegerField(default=None)  # in an adopted index only after the next write
        fragments = serializers.ListField(child=serializers.CharField())
        fields["highlight"] = serializers.DictField(child=fragments, required=False)
        return fields


class NestedHit(serializers.Serializer[Any]):
    """A nested object. One of an older mapping may be without a field, which is then left out."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {
            name: None if instance[name] is None else field.to_representation(instance[name])
            for name, field in self.fields.items()
            if name in instance
        }


def hit_field(field: SearchField, *, is_nested: bool = False) -> Any:
    """Return the serializer field of a document's field.

    A document of an older mapping may be without a field: the answer then has the field's default, or leaves it out.
    """
    options: Fields = {} if is_nested else {"required": False}
    if field.default is not REQUIRED:
        options = {"default": field.default}
    if isinstance(field, Nested):
        return _item_serializer(field)(many=True, **options)
    if isinstance(field, Number):
        return serializers.DecimalField(max_digits=field.max_digits, decimal_places=field.decimal_places, **options)
    if isinstance(field, Integer):
        return serializers.IntegerField(**options)
    if isinstance(field, Moment):
        return IndexedDateTimeField(**options)
    if isinstance(field, Keyword) and field.many:
        return serializers.ListField(child=serializers.CharField(), **options)
    return serializers.CharField(**options)


@cache
def _item_serializer(field: Nested) -> type[serializers.Serializer[Any]]:
    fields = {inner.name: hit_field(inner, is_nested=True) for inner in field.fields}
    doc = field.item_help or "A nested object as it is in the index."
    return _serializer(f"Found{field.item}", doc, fields, NestedHit)


@cache
def hit_serializer(schema: SearchSchema) -> type[SearchHit]:
    doc = f"One of the {schema.plural}, and where the text was found: escaped HTML by field, each place in <mark>."
    return type(f"Highlighted{schema.name.capitalize()}", (SearchHit,), {"schema": schema, "__doc__": doc})


class Choice(serializers.Serializer[Any]):
    """A value and the number of results that have it."""

    value = serializers.CharField()
    count = serializers.IntegerField()


class Range(RenamedFieldsMixin, serializers.Serializer[Any]):
    """A range of values and the number of results in it."""

    from_ = serializers.IntegerField(help_text="The first value of the range.")
    to = serializers.IntegerField(allow_null=True, help_text="The end, which is not in the range; null: no end.")
    count = serializers.IntegerField()


def _bucket_serializer(facet: Terms | Ranges | Months) -> type[serializers.Serializer[Any]]:
    if isinstance(facet, Ranges):
        doc = facet.help or Range.__doc__
        return Range if facet.component == "Range" else type(facet.component, (Range,), {"__doc__": doc})
    if isinstance(facet, Terms):
        return Choice
    sums: Fields = {}
    if facet.sums:
        child = serializers.FloatField()
        sums[facet.sums.name] = serializers.DictField(child=child, help_text=facet.sums.help)
    return _serializer(facet.component, facet.help or "A month and the number of its results.", sums, Choice)


@cache
def facets_serializer(schema: SearchSchema) -> type[serializers.Serializer[Any]]:
    fields = {name: _bucket_serializer(bound.facet)(many=True, required=False) for name, bound in schema.facets.items()}
    return _serializer(f"{schema.component_prefix}Facets", "The requested facets.", fields)


@cache
def answer_serializer(schema: SearchSchema) -> type[serializers.Serializer[Any]]:
    """Return the serializer of a page of a result."""
    fields = {
        "count": serializers.IntegerField(help_text=f"The number of all {schema.plural} found, exact."),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True, help_text="Of numbered pages only."),
        "did_you_mean": serializers.CharField(
            allow_null=True, help_text="A text that finds more, if this one finds little."
        ),
        "facets": facets_serializer(schema)(required=False),
        "results": hit_serializer(schema)(many=True),
    }
    return _serializer(f"{schema.component_prefix}SearchAnswer", "A page of a result.", fields)


class Suggestion(serializers.Serializer[Any]):
    """A suggested text, and how many documents have it."""

    text = serializers.CharField()
    count = serializers.IntegerField()


@cache
def suggest_serializer(schema: SearchSchema) -> type[serializers.Serializer[Any]]:
    """Return the serializer of suggestions."""
    fields: Fields = {group.name: Suggestion(many=True) for group in schema.suggestions}
    fields["did_you_mean"] = serializers.CharField(allow_null=True)
    return _serializer(f"{schema.component_prefix}SuggestAnswer", "Values that begin with the typed text.", fields)


def _serializer(
    name: str, doc: str, fields: Fields, base: type[serializers.Serializer[Any]] = serializers.Serializer
) -> type[serializers.Serializer[Any]]:
    return type(name, (base,), {"__doc__": doc, **fields})
