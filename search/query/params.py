"""The kinds of query parameters that REST framework has no field for."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.fields import empty

from ..exceptions import InvalidQuery
from .parser import parse

LONGEST_TEXT = 200


class Named(serializers.Serializer[Any]):
    """A serializer whose field `from_` is called `from`, and so on: Python has a use of its own for some names."""

    def get_fields(self) -> dict[str, Any]:
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}


class Parameters(Named):
    """Query parameters.

    An unknown one is refused: a misspelt filter must not seem to match all. So is one that is given twice.
    """

    def to_internal_value(self, data: Any) -> Any:
        if unknown := sorted(set(data) - set(self.fields)):
            raise serializers.ValidationError({name: _("There is no such parameter.") for name in unknown})
        if isinstance(data, QueryDict):
            single = [name for name, field in self.fields.items() if not isinstance(field, SeveralField)]
            if twice := [name for name in single if len(data.getlist(name)) > 1]:
                raise serializers.ValidationError({name: _("Give it once.") for name in twice})
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """What a user typed, to be searched for."""

    def __init__(self, **options: Any) -> None:
        defaults: dict[str, Any] = {"required": False, "default": "", "allow_blank": True}
        super().__init__(**defaults | {"max_length": LONGEST_TEXT} | options)

    def run_validation(self, data: Any = empty) -> Any:
        text = super().run_validation(data)  # its length first: what is too long is not taken apart
        try:
            parse(text)
        except InvalidQuery as error:
            raise serializers.ValidationError(str(error)) from error
        return text


class SeveralField(serializers.MultipleChoiceField):
    """Several of some values: the parameter repeated, or with commas between them; in the order of the choices."""

    def __init__(self, choices: Any, **options: Any) -> None:
        defaults: dict[str, Any] = {"required": False, "default": ()}
        super().__init__(choices=choices, **defaults | options)

    def to_internal_value(self, data: Any) -> Any:
        given: Any = split([data] if isinstance(data, str) else data)
        chosen = super().to_internal_value(given)
        return tuple(choice for choice in self.choices if choice in chosen)


class FacetsField(SeveralField):
    """As SeveralField; `true` stands for all of them, `false` for none."""

    def to_internal_value(self, data: Any) -> Any:
        given = split([data] if isinstance(data, str) else data)
        if [name.lower() for name in given] in (["true"], ["false"]):
            return tuple(self.choices) if given[0].lower() == "true" else ()
        return super().to_internal_value(given)


class CodesField(SeveralField):
    """Several codes of three letters, such as currencies; in any case."""

    default_error_messages = {"invalid": _("Give codes of three letters, such as EUR.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[], **options)

    def to_internal_value(self, data: Any) -> Any:
        codes = [code.upper() for code in split([data] if isinstance(data, str) else data)]
        if not all(len(code) == 3 and code.isascii() and code.isalpha() for code in codes):
            self.fail("invalid")
        return tuple(dict.fromkeys(codes))


class MomentField(serializers.DateTimeField):
    """A moment, or a day, which stands for its beginning, or with `until` for its end. UTC unless it says otherwise."""

    default_error_messages = {"invalid": _("Give a day such as 2026-11-24, or a moment such as 2026-11-24T16:30:00Z.")}

    def __init__(self, *, until: bool = False, **options: Any) -> None:
        self.until = until
        defaults: dict[str, Any] = {"required": False, "default": None}
        super().__init__(**defaults | options)

    def to_internal_value(self, value: Any) -> datetime:
        try:
            if day := parse_date(str(value)):
                return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=int(self.until))
            moment = parse_datetime(str(value))
        except (ValueError, OverflowError):  # the form of a day, and none; or the last day that there is
            moment = None
        if moment is None:
            self.fail("invalid")
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        try:
            return moment.astimezone(UTC)  # the engine does not take every offset that there may be
        except OverflowError:
            self.fail("invalid")


def split(values: Iterable[str]) -> list[str]:
    """Values given each by itself, or with commas between them."""
    return [each.strip() for value in values for each in str(value).split(",") if each.strip()]
