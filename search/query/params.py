"""The query parameters of a schema's search, export and suggestions, and kinds of parameters that DRF does not have."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.fields import empty

from ..exceptions import InvalidQuery
from .export import FORMATS
from .fields import AnyOf, Between, Choice, Equals, Integer, Moment, Number
from .parser import parse
from .schema import BoundFilter, SearchSchema
from .search import MAX_RESULT_WINDOW

MAX_TEXT_LENGTH = 200
MAX_PAGE_SIZE = 200
ONE_OR_MORE = "One or more, repeated or separated by commas."
SYNTAX = (
    'Words in any order; the beginning of a word is enough. "Words in quotes" must stand together, and a -word must '
    "not occur. Accents and case do not matter. Typing errors are accepted when nothing else matches."
)
OPTIONAL: dict[str, Any] = {"required": False, "default": None}
OPTIONAL_TEXT: dict[str, Any] = {"required": False, "default": "", "allow_blank": True}


class RenamedFieldsMixin:
    """Call a serializer's field `from_` `from`, and so on: such names are reserved in Python or used by DRF."""

    def get_fields(self) -> dict[str, Any]:
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}  # type: ignore[misc]


class QueryParamsSerializer(RenamedFieldsMixin, serializers.Serializer[Any]):
    """Query parameters.

    An unknown one is an error, as a misspelt filter must not seem to match everything. So is a repeated one, unless it
    takes several values.
    """

    def to_internal_value(self, data: Any) -> Any:
        if unknown := sorted(set(data) - set(self.fields)):
            raise serializers.ValidationError({name: _("Unknown parameter.") for name in unknown})
        if isinstance(data, QueryDict):
            single = [name for name, field in self.fields.items() if not isinstance(field, CommaSeparatedField)]
            if repeated := [name for name in single if len(data.getlist(name)) > 1]:
                raise serializers.ValidationError({name: _("Give this parameter only once.") for name in repeated})
        return super().to_internal_value(data)


class QueryField(serializers.CharField):
    """A user's text to search for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**OPTIONAL_TEXT | {"max_length": MAX_TEXT_LENGTH} | options)

    def run_validation(self, data: Any = empty) -> Any:
        text = super().run_validation(data)  # checks the length before the text is parsed
        try:
            parse(text)
        except InvalidQuery as error:
            raise serializers.ValidationError(str(error)) from error
        return text


class CommaSeparatedField(serializers.MultipleChoiceField):
    """Several of some values, repeated or separated by commas. The result is in the order of the choices."""

    def __init__(self, choices: Any, **options: Any) -> None:
        defaults: dict[str, Any] = {"required": False, "default": ()}
        super().__init__(choices=choices, **defaults | options)

    def to_internal_value(self, data: Any) -> Any:
        values: Any = split([data] if isinstance(data, str) else data)
        chosen = super().to_internal_value(values)
        return tuple(choice for choice in self.choices if choice in chosen)


class FacetsField(CommaSeparatedField):
    """Names of facets; `true` stands for all of them, `false` for none."""

    def to_internal_value(self, data: Any) -> Any:
        names = split([data] if isinstance(data, str) else data)
        if [name.lower() for name in names] in (["true"], ["false"]):
            return tuple(self.choices) if names[0].lower() == "true" else ()
        return super().to_internal_value(names)


class KeywordsField(CommaSeparatedField):
    """Several values that no list names; each must match the pattern, if there is one."""

    default_error_messages = {"invalid": _("Not a valid value.")}

    def __init__(self, *, pattern: str = "", message: str = "", upper: bool = False, **options: Any) -> None:
        self.pattern = pattern
        self.upper = upper
        errors: dict[str, Any] = {"error_messages": {"invalid": message}} if message else {}
        super().__init__(choices=[], **errors | options)

    def to_internal_value(self, data: Any) -> Any:
        values = split([data] if isinstance(data, str) else data)
        if not all(self._is_valid(value) for value in values):
            self.fail("invalid")
        return tuple(dict.fromkeys(value.upper() if self.upper else value for value in values))

    def _is_valid(self, value: str) -> bool:
        if self.pattern:
            return bool(re.fullmatch(self.pattern, value))
        return len(value) <= MAX_TEXT_LENGTH and "\0" not in value


class DateOrDateTimeField(serializers.DateTimeField):
    """A date and time, or a date, which stands for its beginning, or with `until` for its end. UTC by default."""

    default_error_messages = {
        "invalid": _("Enter a date such as 2026-11-24, or a date and time such as 2026-11-24T16:30:00Z.")
    }

    def __init__(self, *, until: bool = False, **options: Any) -> None:
        self.until = until
        super().__init__(**OPTIONAL | options)

    def to_internal_value(self, value: Any) -> datetime:
        try:
            if day := parse_date(str(value)):
                return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=int(self.until))
            moment = parse_datetime(str(value))
        except (ValueError, OverflowError):  # no such day, or the end of the last one
            moment = None
        if moment is None:
            self.fail("invalid")
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        try:
            return moment.astimezone(UTC)  # the engine does not accept every offset
        except OverflowError:
            self.fail("invalid")


def split(values: Iterable[str]) -> list[str]:
    """Return the values of a repeated parameter, each of which may hold several, separated by commas."""
    return [part.strip() for value in values for part in str(value).split(",") if part.strip()]


def filter_fields(bound: BoundFilter) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
    filter, field = bound.filter, bound.leaf.field
    if isinstance(filter, AnyOf):
        help_text = f"{filter.help or f'{field.title}.'} {ONE_OR_MORE}"
        if isinstance(field, Choice):
            return {filter.param: CommaSeparatedField(choices=field.choices, help_text=help_text)}
        keywords = KeywordsField(
            pattern=filter.pattern, message=filter.message, upper=filter.upper, help_text=help_text
        )
        return {filter.param: keywords}
    if isinstance(filter, Equals):
        help_text = filter.help or f"The whole value of: {field.title}."
        return {filter.param: serializers.CharField(**OPTIONAL_TEXT, max_length=filter.max_length, help_text=help_text)}
    return {
        param: _bound_field(bound, until=param == filter.upper, help_text=help_text)
        for param, help_text in zip(filter.params, filter.help, strict=True)
    }


def _bound_field(bound: BoundFilter, *, until: bool, help_text: str) -> Any:
    field = bound.leaf.field
    help_text = help_text or f"{'Maximum' if until else 'Minimum'} of: {field.title}."
    if isinstance(field, Moment):
        return DateOrDateTimeField(until=until, help_text=help_text)
    if isinstance(field, Number):
        return serializers.DecimalField(
            **OPTIONAL,
            max_digits=field.max_digits,
            decimal_places=field.decimal_places,
            min_value=field.min_value,
            help_text=help_text,
        )
    limit = 2**63 - 1 if isinstance(field, Integer) and field.is_long else 2**31 - 1  # what its mapping can hold
    return serializers.IntegerField(**OPTIONAL, min_value=-limit, max_value=limit, help_text=help_text)


class FilterParams(QueryParamsSerializer):
    """What is searched for, in which sort, and which fields are answered. A subclass names the schema."""

    schema: ClassVar[SearchSchema]

    def get_fields(self) -> dict[str, Any]:
        schema = self.schema
        fields: dict[str, Any] = {"q": QueryField(help_text=schema.syntax or SYNTAX)}
        for bound in schema.filters:
            fields |= filter_fields(bound)
        fields["sort"] = serializers.ChoiceField(
            choices=[name for name in schema.sorts if name],
            required=False,
            default="",
            help_text=_sort_help(schema),
        )
        fields["fields"] = CommaSeparatedField(
            choices=[*schema.columns], help_text=f"Fields of the {schema.plural}; all by default. {ONE_OR_MORE}"
        )
        fields["fresh"] = serializers.BooleanField(
            required=False,
            default=False,
            help_text="First index pending changes, so that every change committed before is found. "
            "`X-Search-Fresh` says whether that was done in time.",
        )
        return fields | super().get_fields()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for bound in self.schema.filters:
            if isinstance(bound.filter, Between):
                _check_bounds(bound.filter, attrs[bound.filter.lower], attrs[bound.filter.upper])
        return attrs


def _sort_help(schema: SearchSchema) -> str:
    default = f"`{schema.default_sort}`" if schema.default_sort else "the newest row keys first"
    return (
        "`relevance` begins with the best match; every other name with the smallest value. A dash before the name "
        f"reverses it. By default `relevance` where there is a `q`, else {default}."
    )


def _check_bounds(filter: Between, lower: Any, upper: Any) -> None:
    if lower is not None and upper is not None and lower > upper:
        raise serializers.ValidationError({filter.lower: f"Must not be greater than {filter.upper}."})


class SearchParams(FilterParams):
    """The query parameters of a search."""

    page = serializers.IntegerField(
        **OPTIONAL,
        min_value=1,
        max_value=MAX_RESULT_WINDOW,
        help_text="A page by its number, among the first 10,000 results. Without it `next` leads to any depth, for "
        "which the engine keeps the result for some minutes: give `page=1` where only the first page is shown, such "
        "as in search-as-you-type.",
    )
    page_size = serializers.IntegerField(required=False, default=20, min_value=1, max_value=MAX_PAGE_SIZE)
    cursor = serializers.CharField(
        **OPTIONAL_TEXT,
        max_length=4_000,
        help_text="Where the next page begins, from an answer's `next`. The result stays as it was at the first page, "
        "whatever changes later. A cursor expires some minutes after its page.",
    )
    highlight = serializers.BooleanField(
        required=False, default=False, help_text="Show where in each result the text was found."
    )

    def get_fields(self) -> dict[str, Any]:
        facets = FacetsField(
            choices=[*self.schema.facets],
            help_text="`true`, or names: how many results each value has, ignoring the facet's own filter.",
        )
        return super().get_fields() | {"facets": facets}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["page"] and attrs["cursor"]:
            raise serializers.ValidationError({"page": "Give a page or a cursor, not both."})
        if attrs["page"] and attrs["page"] * attrs["page_size"] > MAX_RESULT_WINDOW:
            raise serializers.ValidationError(
                {"page": "Numbered pages end at the 10,000th result. Leave the number out and follow `next`."}
            )
        return super().validate(attrs)


class ExportParams(FilterParams):
    """The query parameters of an export."""

    format = serializers.ChoiceField(choices=[*FORMATS], required=False, default="csv")


class SuggestParams(QueryParamsSerializer):
    """The query parameters of suggestions."""

    q = QueryField(help_text="What has been typed so far.")
