"""What a search takes and what it answers."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from order_search.documents import OrderDocument
from search.query.params import CodesField, FacetsField, MomentField, Named, Parameters, SeveralField, TextField
from search.query.request import FACETS, SORTS
from search.query.search import REACH

LARGEST_PAGE = 200
MODEL = OrderDocument.django.model
FORMATS = ["csv", "ndjson"]
SEVERAL = "One or more, repeated or with commas."
SYNTAX = (
    "Words in any order, of which the beginnings are enough. They are looked for in the order's number, the customer, "
    'the note, and the sku and description of each line. "Words in quotes" stand together; a -word is not there. '
    "Accents and case do not matter. Errors are forgiven where nothing else is found."
)
OPTIONAL_TEXT: dict[str, Any] = {"required": False, "default": "", "allow_blank": True}
OPTIONAL_AMOUNT: dict[str, Any] = {
    "required": False,
    "default": None,
    "max_digits": 12,
    "decimal_places": 2,
    "min_value": 0,
}


class FoundMoment(serializers.DateTimeField):
    """A moment, which the index has as text, in the form that all answers have."""

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(datetime.fromisoformat(value))


class FoundLine(serializers.Serializer[Any]):
    """A line of an order as the index has it."""

    sku = serializers.CharField()
    description = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = serializers.DecimalField(max_digits=12, decimal_places=2)


class FoundOrder(serializers.Serializer[Any]):
    """An order as the index has it, in the shape of the orders' own answers; with `only` some of its fields."""

    id = serializers.IntegerField()
    order_number = serializers.CharField()
    customer_name = serializers.CharField()
    total_amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    # With defaults: documents of an older mapping lack them until the next rebuild.
    currency = serializers.CharField(default="")
    status = serializers.CharField(default="")
    note = serializers.CharField(default="")
    lines = FoundLine(many=True, default=list)
    created_at = FoundMoment()
    updated_at = FoundMoment()
    version = serializers.IntegerField(default=None)  # in an adopted index: not before the document is written again

    def __init__(self, *args: Any, only: tuple[str, ...] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        if only:
            for name in set(self.fields) - {*only, "highlight"}:
                del self.fields[name]


class HighlightedOrder(FoundOrder):
    """An order, and where the text was found in it: HTML by field, made safe, with each place in <mark>."""

    highlight = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), required=False)


class Filters(Parameters):
    """What is searched for, in which order, and which fields are answered."""

    q = TextField(help_text=SYNTAX)
    status = SeveralField(choices=MODEL._meta.get_field("status").choices or [], help_text=f"How far it is. {SEVERAL}")
    currency = CodesField(help_text=f"ISO 4217 codes. {SEVERAL}")
    customer = serializers.CharField(
        **OPTIONAL_TEXT, max_length=200, help_text="The customer's whole name; accents and case do not matter."
    )
    sku = serializers.CharField(
        **OPTIONAL_TEXT, max_length=64, help_text="The whole sku of one of the lines; case does not matter."
    )
    total_min = serializers.DecimalField(**OPTIONAL_AMOUNT, help_text="The least total.")
    total_max = serializers.DecimalField(**OPTIONAL_AMOUNT, help_text="The largest total.")
    created_after = MomentField(
        source="created_from", help_text="Created at this moment or later, or on this day or later."
    )
    created_before = MomentField(
        source="created_until", until=True, help_text="Created before this moment, or on this day or earlier."
    )
    sort = serializers.ChoiceField(
        choices=[*SORTS],
        required=False,
        default="",
        help_text="`relevance` has the best first, and of equals the newest; every other name the smallest first. "
        "A dash before it gives the reverse. Without it `relevance` where there is a `q`, else `-created`.",
    )
    fields_ = SeveralField(choices=[*FoundOrder().fields], help_text=f"Fields of the orders; without it all. {SEVERAL}")
    fresh = serializers.BooleanField(
        required=False,
        default=False,
        help_text="First bring in what waits, so that every change committed before is found. "
        "`X-Search-Fresh` says whether that was done in time.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        _check_order(attrs["total_min"], attrs["total_max"], "total_min", "total_max")
        _check_order(attrs["created_from"], attrs["created_until"], "created_after", "created_before")
        return attrs


def _check_order(least: Any, most: Any, name: str, other: str) -> None:
    """ValidationError when nothing can be between the two."""
    if least is not None and most is not None and least > most:
        raise serializers.ValidationError({name: f"It is more than {other}."})


class SearchParameters(Filters):
    """The query parameters of a search."""

    page = serializers.IntegerField(
        required=False,
        default=None,
        min_value=1,
        max_value=REACH,
        help_text="A page by its number, among the first 10,000 orders. Without it `next` leads to any depth, for "
        "which the engine keeps the result for some minutes: give `page=1` where only a first page is looked at, as "
        "while somebody types.",
    )
    page_size = serializers.IntegerField(required=False, default=20, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(
        **OPTIONAL_TEXT,
        max_length=4_000,
        help_text="Where the result goes on, from an answer's `next`: the result as it was at the first page, whatever "
        "changes meanwhile. It expires some minutes after its page.",
    )
    facets = FacetsField(
        choices=FACETS,
        help_text="`true`, or names: how many orders each choice has, whatever is chosen of the same facet.",
    )
    highlight = serializers.BooleanField(
        required=False, default=False, help_text="Show where in each order the text was found."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["page"] and attrs["cursor"]:
            raise serializers.ValidationError({"page": "Give a page or a cursor, not both."})
        if attrs["page"] and attrs["page"] * attrs["page_size"] > REACH:
            raise serializers.ValidationError(
                {"page": "Pages reach to the 10,000th order. Leave it out, and follow `next`."}
            )
        return super().validate(attrs)


class ExportParameters(Filters):
    """The query parameters of an export."""

    format = serializers.ChoiceField(choices=FORMATS, required=False, default="csv")


class SuggestParameters(Parameters):
    """The query parameters of suggestions."""

    q = TextField(help_text="What has been typed so far.")


class Choice(serializers.Serializer[Any]):
    """A value and the orders that have it."""

    value = serializers.CharField()
    count = serializers.IntegerField()


class AmountRange(Named):
    """A range of amounts and the orders in it, of whatever currency: choose a currency to have ranges of that alone."""

    from_ = serializers.IntegerField(help_text="It begins here,")
    to = serializers.IntegerField(allow_null=True, help_text="and ends before this; null: nowhere.")
    count = serializers.IntegerField()


class Month(Choice):
    """A month, its orders and what they come to."""

    amounts = serializers.DictField(
        child=serializers.FloatField(), help_text="By currency: amounts of several cannot be added."
    )


class Facets(serializers.Serializer[Any]):
    """The facets that were asked for."""

    status = Choice(many=True, required=False)
    currency = Choice(many=True, required=False)
    amount = AmountRange(many=True, required=False)
    month = Month(many=True, required=False)


class SearchAnswer(serializers.Serializer[Any]):
    """A page of a result."""

    count = serializers.IntegerField(help_text="Of all orders found, exact.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True, help_text="Of numbered pages only.")
    did_you_mean = serializers.CharField(allow_null=True, help_text="A text that finds more, where this finds little.")
    facets = Facets(required=False)
    results = HighlightedOrder(many=True)


class Suggestion(serializers.Serializer[Any]):
    """A text to go on with, and how often it is there."""

    text = serializers.CharField()
    count = serializers.IntegerField()


class SuggestAnswer(serializers.Serializer[Any]):
    """What the text may become."""

    order_numbers = Suggestion(many=True)
    customers = Suggestion(many=True)
    skus = Suggestion(many=True)
    did_you_mean = serializers.CharField(allow_null=True)
